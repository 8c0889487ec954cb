"""The layout of the house: imports run one way, and `datasets` stays Hugging Face's."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {
    "catalog", "stats", "charts", "curation", "evaluation", "workspace", "ui", "terminal", "pages",
    "app", "cli",
}  # fmt: skip
MAY_IMPORT = {
    "catalog": set(),
    "stats": set(),
    "charts": {"catalog", "stats"},
    "curation": {"catalog", "stats"},
    "evaluation": {"catalog", "stats"},
    "workspace": {"catalog", "stats", "charts", "curation", "evaluation"},
    "terminal": {"catalog", "workspace"},
    "ui": {"catalog", "stats", "charts", "workspace"},
    "pages": {"catalog", "stats", "charts", "workspace", "ui"},
}


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(package):
    for path in sources(package):
        wrong = (set(imported(path)) & OURS) - MAY_IMPORT[package] - {package}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_no_files_import_each_other():
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in MAY_IMPORT
        for path in sources(package)
    }
    needs = {name: named(path) & set(paths) - {name} for name, path in paths.items()}
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def named(path):
    """Modules that a file imports anywhere in it, and what may be modules of a package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize(
    "package", ["catalog", "stats", "charts", "curation", "evaluation", "workspace", "terminal"]
)
def test_only_pages_and_ui_know_streamlit(package):
    for path in sources(package):
        assert "streamlit" not in set(imported(path)), path


@pytest.mark.parametrize("package", ["catalog", "stats", "charts", "curation", "evaluation"])
def test_pure_packages_know_no_database(package):
    for path in sources(package):
        assert "sqlalchemy" not in set(imported(path)), path


def test_pages_are_never_imported():
    for package in MAY_IMPORT:
        for path in sources(package):
            assert "pages" not in set(imported(path)), path


def test_pages_only_draw():
    for path in sources("pages"):
        names = set(imported(path))
        assert not names & {"polars", "pandas", "numpy", "duckdb", "scipy"}, path
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
        assert len(lines) <= 90, f"{path.name} has {len(lines)} lines"


def test_datasets_is_hugging_faces():
    code = "import datasets; print(datasets.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not Path(found.stdout.strip()).is_relative_to(ROOT / "datasets")
    assert "site-packages" in found.stdout


def test_nothing_shadows_datasets():
    assert not list((ROOT / "datasets").rglob("*.py"))
    assert not (ROOT / "datasets.py").exists()
    assert not (ROOT / "pages" / "datasets.py").exists()
    assert not [p for p in (ROOT / "tests").rglob("*") if p.is_dir() and p.name == "datasets"]


def test_tests_are_no_packages():
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_every_package_is_installed():
    listed = (ROOT / "pyproject.toml").read_text("utf-8")
    for path in ROOT.rglob("__init__.py"):
        folder = path.parent.relative_to(ROOT)
        if folder.parts[0] in OURS:
            assert f'"{".".join(folder.parts)}"' in listed, folder
