"""All verbs, and what happens when one of them fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import typer
from typer.exceptions import TyperException

from catalog.errors import GoldshelfError, StoppedError
from terminal import (
    app_verbs,
    brand_verbs,
    catalog_verbs,
    check_verbs,
    dedupe_verbs,
    evaluation_verbs,
    experiment_verbs,
    export_verbs,
    label_verbs,
    models_verbs,
    predict_verbs,
    regression_verbs,
    review_verbs,
    split_verbs,
    workspace_verbs,
)
from terminal.options import repeated
from terminal.output import tell

MISTAKE = 2
STOPPED = 130

app = typer.Typer(
    name="goldshelf",
    help="From a messy catalog to certified gold data, from a checkpoint to a verdict.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verbs in (
    workspace_verbs,
    catalog_verbs,
    check_verbs,
    label_verbs,
    models_verbs,
    review_verbs,
    brand_verbs,
    dedupe_verbs,
    split_verbs,
    export_verbs,
    predict_verbs,
    evaluation_verbs,
    regression_verbs,
    experiment_verbs,
    app_verbs,
):
    verbs.register(app)


@cache
def _command() -> Callable[..., object]:
    """All verbs with their options; making them takes a quarter of a second."""
    return typer.main.get_command(app)


def run(arguments: list[str]) -> int:
    """Run one verb.

    Returns
    -------
    0 fine, 1 a gate failed, 2 the user's mistake (one line on stderr), 130 stopped.
    """
    try:
        code = _command()(repeated(arguments), standalone_mode=False)
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
        return 0
    return code if isinstance(code, int) else 0
