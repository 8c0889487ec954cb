"""Product text is hostile: shown as it is, never taken as Markdown or HTML."""

from __future__ import annotations

import html
import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=\"'@/])")


def markdown(text: object, limit: int | None = None) -> str:
    """Text for a place that takes Markdown: every mark is escaped, lines are joined.

    Examples
    --------
    >>> markdown("**bold** <b>")
    '\\\\*\\\\*bold\\\\*\\\\* \\\\<b\\\\>'
    """
    plain = " ".join(str(text if text is not None else "").split())
    if limit is not None and len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return _MARKS.sub(r"\\\1", plain)


def markup(text: object) -> str:
    """Text for a place that takes HTML: every tag is escaped."""
    return html.escape(str(text if text is not None else ""))


def link(url: object) -> str | None:
    """A web address that may be shown as a link or an image; None for any other scheme."""
    text = str(url or "").strip()
    return text if re.match(r"https?://[^\s\"'<>]+$", text) else None
