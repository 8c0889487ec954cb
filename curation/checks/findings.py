"""What one check found: rows, each with a score, a message and, where there is one, a fix."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

FINDING_SCHEMA = pl.Schema(
    {
        "row": pl.Int64(),
        "score": pl.Float64(),
        "message": pl.String(),
        "suggestion": pl.String(),
        "fix_field": pl.String(),
        "fix_value": pl.String(),
    }
)
DROP = "drop"
LONGEST_PATH = 200


@dataclass(frozen=True)
class Findings:
    """What one check found.

    Attributes
    ----------
    rows
        `FINDING_SCHEMA`; a record may have several. ``score`` is in [0, 1] with 1 good.
        ``fix_field`` names what a machine may change (``category_path`` as a joined path,
        ``title``, ``brand``, ``attribute:KEY``, or ``drop`` with the id of the record that is
        kept) and ``fix_value`` the new text; both are null where a person must decide.
    n_evidences
        How many evidences are concerned; None where the check does not speak of evidences.
    """

    rows: pl.DataFrame
    n_evidences: int | None = None


def findings(
    frame: pl.DataFrame,
    *,
    message: pl.Expr,
    suggestion: pl.Expr | str,
    score: pl.Expr | float = 0.0,
    fix_field: pl.Expr | str | None = None,
    fix_value: pl.Expr | None = None,
    n_evidences: int | None = None,
) -> Findings:
    """Findings from a frame with ``row`` and expressions over its other columns.

    Examples
    --------
    >>> frame = pl.DataFrame({"row": [3], "title": ["Tea"]})
    >>> findings(frame, message=quoted("title"), suggestion="Look.").rows["message"].to_list()
    ["'Tea'"]
    """
    value = pl.lit(None, pl.String) if fix_value is None else fix_value
    field = pl.lit(fix_field, pl.String) if not isinstance(fix_field, pl.Expr) else fix_field
    told = pl.lit(suggestion) if isinstance(suggestion, str) else suggestion
    columns = {
        "row": pl.col("row"),
        "score": pl.lit(score) if isinstance(score, float) else score.clip(0.0, 1.0),
        "message": message,
        "suggestion": told,
        "fix_field": pl.when(value.is_not_null()).then(field),
        "fix_value": value,
    }
    rows = frame.select(
        columns[name].cast(dtype).alias(name) for name, dtype in FINDING_SCHEMA.items()
    )
    return Findings(rows, n_evidences)


def together(parts: list[Findings]) -> Findings:
    """The findings of several parts of one check."""
    counts = [part.n_evidences for part in parts if part.n_evidences is not None]
    rows = pl.concat([pl.DataFrame(schema=FINDING_SCHEMA), *(part.rows for part in parts)])
    return Findings(rows, sum(counts) if counts else None)


def quoted(text: str | pl.Expr, *, longest: int = 60) -> pl.Expr:
    """A text in quotes, cut where it is longer; ``nothing`` for null."""
    value = pl.col(text) if isinstance(text, str) else text
    short = pl.when(value.str.len_chars() > longest).then(
        pl.concat_str(value.str.head(longest - 1), pl.lit("…"))
    )
    return pl.concat_str(pl.lit("'"), short.otherwise(value), pl.lit("'")).fill_null("nothing")


def quoted_path(path: str) -> pl.Expr:
    """A category path in quotes, whole but for the longest: its end tells most."""
    return quoted(path, longest=LONGEST_PATH)
