"""Yes and no as files spell them."""

from __future__ import annotations

import polars as pl

YES, NO = ("yes", "true", "1"), ("no", "false", "0")


def read_yes_no(values: pl.Series) -> tuple[pl.Series, int | None]:
    """Texts as yes (true) and no (false), null where they say neither; and the first that is wrong.

    Case and blanks around do not count. What is null or empty says neither and is not wrong.

    Examples
    --------
    >>> read, wrong = read_yes_no(pl.Series(["Yes", " 0", "", "perhaps", None]))
    >>> read.to_list(), wrong
    ([True, False, None, None, None], 3)
    """
    told = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    read = told.replace_strict(
        [*YES, *NO],
        [True] * len(YES) + [False] * len(NO),
        default=None,
        return_dtype=pl.Boolean,
    )
    wrong = (read.is_null() & (told != "")).fill_null(False).arg_true()
    return read, int(wrong[0]) if len(wrong) else None
