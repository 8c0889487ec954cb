"""What went wrong on the way to a model and back, in one line that holds no key."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import httpx2

from curation.llm.requests import BusyError, Outcome, RejectedError

_LONGEST = 400
_NEVER_THERE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_BUSY = frozenset({408, 409, 425, 429, *range(500, 600)} - {501})
_TOO_LONG = re.compile(
    r"context.?length|too long|maximum context|token count|above_max_length|too many tokens"
    r"|prompt is larger",
    re.I,
)
_FILTERED = re.compile(
    r"content.?filter|content.?policy|content management policy|invalid_prompt|safety", re.I
)
_IMAGES = re.compile(
    r"image|download|media|multimodal|vision|file.?uri"
    r"|(unable to|cannot) (fetch|process)",
    re.I,
)
_NO_MONEY = re.compile(r"insufficient_quota|credit balance|billing", re.I)


@dataclass(frozen=True)
class Trouble:
    """No answer, and what is known about why.

    Attributes
    ----------
    status
        Of HTTP; None where no answer came.
    message
        The server's own words; they may hold the key until `one_line`.
    headers
        Of the answer, names in lower case.
    was_billed
        Whether the provider may have charged for it.
    """

    status: int | None
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    was_billed: bool = False

    def is_about_images(self) -> bool:
        """Whether the server could not use an image, or takes none."""
        return self.status in (400, 404, 415, 422) and bool(_IMAGES.search(self.message))

    def outcome(self) -> Outcome | None:
        """What a refusal of this one request means for its row; None where it is not that."""
        if self.status == 413 or (self.status == 400 and _TOO_LONG.search(self.message)):
            return "failed"
        if self.status == 400 and _FILTERED.search(self.message):
            return "filtered"
        return None

    def error(self, where: str, key: str | None, key_name: str) -> BusyError | RejectedError:
        """The exception to raise: whether asking again may help."""
        told = f"{where}: {one_line(self.message, key)}"
        no_money = self.status == 429 and _NO_MONEY.search(self.message)
        if self.status is None or (self.status in _BUSY and not no_money):
            return BusyError(told, retry_after_s(self.headers), was_billed=self.was_billed)
        if self.status == 401:
            # The words of the server are left out: some repeat a part of the key.
            what = f"the key in {key_name} was not accepted" if key else f"{key_name} is not set"
            return RejectedError(f"{where}: {what} (401). Set {key_name} to a valid key.", 401)
        next_step = {
            403: f"The key in {key_name} may not use this model.",
            404: "Check `model` and `base_url`.",
            429: "The account has no credit left.",
        }.get(self.status, "The same request would be refused again.")
        return RejectedError(f"{told} ({self.status}). {next_step}", self.status)


def connection_trouble(error: BaseException) -> Trouble:
    """What a cut or impossible connection means; money may be gone if it was made at all.

    Examples
    --------
    >>> connection_trouble(httpx2.ConnectError("refused")).was_billed
    False
    >>> connection_trouble(TimeoutError()).message, connection_trouble(TimeoutError()).was_billed
    ('no answer in time', True)
    """
    chain = (error, error.__cause__)
    if isinstance(error, UnicodeError):
        return Trouble(413, "the prompt holds half of a character, which no server takes")
    if any(isinstance(e, _NEVER_THERE) for e in chain):
        return Trouble(None, f"no connection: {error.__cause__ or error}")
    if any(isinstance(e, TimeoutError | httpx2.TimeoutException) for e in chain):
        return Trouble(None, "no answer in time", was_billed=True)
    if any(isinstance(e, json.JSONDecodeError) for e in chain):
        return Trouble(None, "the answer is not JSON", was_billed=True)
    return Trouble(None, f"the connection was cut: {error.__cause__ or error}", was_billed=True)


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """How long a server asks to wait, in seconds; None where it does not say.

    Parameters
    ----------
    headers
        Names in lower case: ``retry-after-ms``, or ``retry-after`` in seconds or as a date.
    now
        Seconds since 1970; the clock where left out.

    Examples
    --------
    >>> retry_after_s({"retry-after": "2.5"}), retry_after_s({"retry-after-ms": "300"})
    (2.5, 0.3)
    >>> retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=50)
    10.0
    >>> retry_after_s({}), retry_after_s({"retry-after": "soon"})
    (None, None)
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        told = headers.get(name, "").strip()
        try:
            return max(0.0, float(told) / unit)
        except ValueError:
            continue
    try:
        due = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except ValueError:
        return None
    return max(0.0, due - (time.time() if now is None else now))


def one_line(text: str, key: str | None) -> str:
    """A text on one line, not long, with neither the key nor a masked one.

    Examples
    --------
    >>> one_line("no: sk-12345678 \\n and sk-1****5678", "sk-12345678")
    'no: [key] and [key]'
    """
    if key:
        text = text.replace(key, "[key]")
        if len(key) >= 12:
            text = re.sub(re.escape(key[:8]) + r"\S*", "[key]", text)
    text = re.sub(r"[\w-]*\*{3,}[\w-]*", "[key]", text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
