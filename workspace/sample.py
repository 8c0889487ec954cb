"""A workspace to look at: the sample catalog taken the whole way by the real steps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.progress import Progress
from workspace.runs.predicting import predict_baseline
from workspace.runs.scoring import compare, list_runs, score_runs
from workspace.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[1] / "datasets" / "sample"
BASELINES = ("majority", "knn", "linear")

Watch = Callable[[Workspace], AbstractContextManager[Progress]]


def build_sample(folder: Path, watched: Watch) -> Workspace:
    """Make the sample workspace, or bring the one that is there up to date.

    Parameters
    ----------
    watched
        Gives the progress to report to.
    """
    if not (folder / "goldshelf.toml").exists():
        init_workspace(
            folder,
            Declared(
                [str(SAMPLE / "products.csv")],
                maps=[f"attributes.{name.title()}={name}" for name in attribute_columns()],
                taxonomy=str(SAMPLE / "taxonomy.json"),
            ),
        )
    opened = Workspace(folder)
    with watched(opened) as progress:
        way.run(opened, progress=progress)
        missing = set(BASELINES) - {run.name for run in list_runs(opened)}
        for baseline in [b for b in BASELINES if b in missing]:
            progress.step(f"predict {baseline}")
            predict_baseline(opened, baseline, progress=progress)
        score_runs(opened, [])
        compare(opened, "knn", "linear")
        progress.close()
    return opened


def attribute_columns() -> list[str]:
    """The columns of the sample that are attributes."""
    header = (SAMPLE / "products.csv").open(encoding="utf-8").readline().strip().split(",")
    known = {"id", "title", "description", "brand", "category_path", "price", "gtin"}
    return [name for name in header if name not in known]
