"""What all tests share."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from tests.llm_servers.fixtures import idle_servers, llm_server  # noqa: F401

_LONG = ("tests/browser/", "/test_ray_engine.py", "/prompted/", "/models/", "tests/terminal/")

# How long an example takes is a matter of the machine, and not of the code. Other examples are
# tried each time, so that many runs of few find what one run of many would.
settings.register_profile(
    "any machine",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a server, a browser or a clock."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: not any(part in item.nodeid for part in _LONG))


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real catalogs, votes and model outputs that lies beside the project."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is not here: {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The sample catalog taken the whole way, once for all workers; copy it before changing it."""
    from workspace.progress import Progress
    from workspace.sample import build_sample

    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "sample" / "shop"
    with FileLock(folder.parent.with_suffix(".lock")):
        if not folder.exists():
            made = tmp_path_factory.mktemp("made") / "shop"
            build_sample(made, lambda _: nullcontext(Progress()))
            shutil.copytree(made, folder)
    return folder
