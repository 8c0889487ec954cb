"""A module's folder as the Hugging Face hub wants a Space of ``evaluate``: with a widget to try it.

    python -m evaluation.hf_modules.hub hierarchical_f1 FOLDER
    hf upload ORG/hierarchical_f1 FOLDER --repo-type space

The files are those that ``evaluate-cli create`` makes: the script, README.md with the metadata of the
Space, requirements.txt and app.py.
"""

from __future__ import annotations

import argparse
import shutil
from importlib.metadata import version
from pathlib import Path

from catalog.errors import GoldshelfError, InputError

HERE = Path(__file__).parent
_APP = """import evaluate
from evaluate.utils import launch_gradio_widget

launch_gradio_widget(evaluate.load("{name}.py"))
"""


def module_names() -> list[str]:
    """The modules that there are."""
    return sorted(path.parent.name for path in HERE.glob("*/README.md"))


def hub_folder(name: str, folder: Path) -> Path:
    """Write a module with all that a Space needs into a new or empty folder.

    Raises
    ------
    InputError
        If there is no such module, or the folder has files.
    """
    if name not in module_names():
        raise InputError(f"no module {name!r}. Known: {', '.join(module_names())}.")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: has files. Expected a new or an empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / name / f"{name}.py", folder / f"{name}.py")
    card = (HERE / name / "README.md").read_text("utf-8")
    card = card.replace("sdk: static\n", "sdk: gradio\napp_file: app.py\n", 1)
    (folder / "README.md").write_text(card, "utf-8")
    (folder / "app.py").write_text(_APP.format(name=name), "utf-8")
    needs = [f"goldshelf>={version('goldshelf')}", "evaluate[template]"]
    (folder / "requirements.txt").write_text("\n".join(needs) + "\n", "utf-8")
    return folder


def main() -> None:
    """Write the folder that the command line names."""
    parser = argparse.ArgumentParser(description="A module for evaluate, ready for the hub.")
    parser.add_argument("name", help=", ".join(module_names()))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        folder = hub_folder(options.name, options.folder)
    except GoldshelfError as error:
        parser.exit(2, f"{error}\n")
    print(f"hf upload ORG/{options.name} {folder} --repo-type space")


if __name__ == "__main__":
    main()
