"""Local model servers for tests: each in a process of its own, spoken to over real HTTP.

In a test of any folder below one whose ``conftest.py`` says
``from tests.llm_servers.fixtures import idle_servers, llm_server  # noqa: F401``::

    def test_a_rate_limit_is_obeyed(llm_server):
        server = llm_server("openai", latency_s=0.05, faults=[Fault(kind="rate_limited",
                            retry_after="0.2")])
        settings = ModelAnnotator(provider="openai", model="m", base_url=server.base_url)
        ...
        assert server.counts()["by_status"] == {"429": 1, "200": 9}

Keywords are those of `script.Script`; ``server.follow(...)`` gives it another script, and
``server.follow(..., reset=True)`` also begins to count anew, without a batch of before. ``server.counts()``: ``n_requests,
n_billed, n_billed_again, n_tokens_in, n_tokens_out, n_batches, n_batch_rows, n_in_flight,
most_in_flight, by_status, by_model``. ``server.requests()``: the last bodies with path and headers. ``server.billed()``: how
often each body was billed. A benchmark starts one by ``python tests/llm_servers/serve.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.llm_servers.script import Script

_SERVE = Path(__file__).with_name("serve.py")


class LocalServer:
    """A server at work.

    Attributes
    ----------
    base_url
        What ``base_url`` of an annotator is to be.
    root
        The address alone.
    is_running
        False once it was closed.
    """

    def __init__(self, provider: str, **script: Any) -> None:
        self.provider = provider
        self.is_running = True
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVE), provider, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.root = self._process.stdout.readline().strip()
        assert self.root, f"the {provider} server did not start"
        self.base_url = self.root + ("/v1" if provider == "openai" else "")
        self.follow(**script)

    def follow(self, *, reset: bool = False, **script: Any) -> None:
        """Behave by this script from now on."""
        body = Script(**script).model_dump_json().encode()
        self._call("/__script" + ("?reset=1" if reset else ""), body)

    def counts(self) -> dict[str, Any]:
        """What was asked, answered and billed."""
        return self._call("/__state")

    def billed(self) -> dict[str, int]:
        """How often each body was billed, by its hash."""
        return self._call("/__billed")

    def requests(self) -> list[dict[str, Any]]:
        """The last 200 requests: ``path``, ``headers`` and ``body``."""
        return self._call("/__requests")

    def close(self) -> None:
        """End the process."""
        self.is_running = False
        self._process.kill()
        self._process.communicate()

    def _call(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.root + path, body, timeout=30) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def idle_servers() -> Iterator[list[LocalServer]]:
    """Servers that ran for earlier tests: a process is started once, not once a test."""
    idle: list[LocalServer] = []
    yield idle
    for server in idle:
        server.close()


@pytest.fixture
def llm_server(idle_servers: list[LocalServer]) -> Iterator[Callable[..., LocalServer]]:
    """Gives servers by ``llm_server(provider, **script)``, one at each call, counting from zero."""
    running: list[LocalServer] = []

    def start(provider: str, **script: Any) -> LocalServer:
        for server in idle_servers:
            if server.provider == provider:
                idle_servers.remove(server)
                server.follow(reset=True, **script)
                break
        else:
            server = LocalServer(provider, **script)
        running.append(server)
        return server

    yield start
    idle_servers += [server for server in running if server.is_running]
