"""All verbs, and what happens when one of them fails."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable
from functools import cache

import typer
from typer.exceptions import TyperException

from catalog.errors import GoldshelfError, StoppedError
from terminal.options import repeated
from terminal.output import tell

MISTAKE = 2
STOPPED = 130
UNREAD = 141  # as of any program that a closed pipe ends: a gate was perhaps not told
VERBS: dict[str, tuple[str, ...]] = {
    "workspace_verbs": ("init", "load", "run", "status"),
    "catalog_verbs": ("taxonomy",),
    "check_verbs": ("check",),
    "label_verbs": ("label", "agree"),
    "models_verbs": ("ledger",),
    "review_verbs": ("queue", "decide", "undo", "log"),
    "brand_verbs": ("brands",),
    "dedupe_verbs": ("dedupe", "recluster"),
    "split_verbs": ("split", "check-split", "certify"),
    "export_verbs": ("balance", "shopping-list", "export"),
    "predict_verbs": ("predict", "report"),
    "rating_verbs": ("rate", "ratings"),
    "evaluation_verbs": ("import-run", "runs", "score", "compare", "metrics"),
    "regression_verbs": ("regress",),
    "experiment_verbs": ("experiments", "rescored", "causes", "drift", "frontier", "cascade"),
    "app_verbs": ("app", "sample"),
}
"""The files of the verbs, in the order of the help."""


def app_of(verb: str | None = None) -> typer.Typer:
    """The verbs; of a known one its file alone, since all together take a second to import."""
    app = typer.Typer(
        name="goldshelf",
        help="From a messy catalog to certified gold data, from a checkpoint to a verdict.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_nothing)  # without it an app of one verb would have no verbs
    known = [name for name, verbs in VERBS.items() if verb in verbs]
    for name in known or VERBS:
        importlib.import_module(f"terminal.{name}").register(app)
    return app


def _nothing() -> None:
    pass


@cache
def _command(verb: str | None) -> Callable[..., object]:
    """`app_of` as what is called; a process that runs a verb twice makes it once."""
    gc.disable()  # what is imported is no garbage; looking for some takes a sixth of the start
    try:
        return typer.main.get_command(app_of(verb))
    finally:
        gc.freeze()
        gc.enable()


def run(arguments: list[str]) -> int:
    """Run one verb.

    Returns
    -------
    0 fine, 1 a gate failed, 2 the user's mistake (one line on stderr), 130 stopped,
    141 where nobody reads what is printed.
    """
    try:
        code = _command(next(iter(arguments), None))(repeated(arguments), standalone_mode=False)
        sys.stdout.flush()
    except (StoppedError, KeyboardInterrupt, typer.Abort) as error:
        tell(f"goldshelf: {str(error) or 'stopped; everything that was finished is kept.'}")
        return STOPPED
    except GoldshelfError as error:
        tell(f"goldshelf: {error}")
        return MISTAKE
    except TyperException as error:
        tell(f"goldshelf: {' '.join(error.format_message().split())} Try goldshelf --help.")
        return MISTAKE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads the rest
        return UNREAD
    return code if isinstance(code, int) else 0
