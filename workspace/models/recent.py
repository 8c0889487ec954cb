"""What this run has answered already, though it was looked up in the ledger before it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from workspace.models.calls import Held

N_WHOLE = 20_000
N_KNOWN = 250_000
"""More than are looked up ahead of asking: some blocks of 1,000 records, up to 20 times each."""


class Recent:
    """The last answers, whole; of those before them, that the ledger has them.

    Parameters
    ----------
    look_up
        Reads answers from the ledger, by their keys; not called in the loop.
    """

    def __init__(
        self,
        look_up: Callable[[Sequence[str]], dict[str, Held]],
        n_whole: int = N_WHOLE,
        n_known: int = N_KNOWN,
    ) -> None:
        self._look_up, self._n_whole, self._n_known = look_up, n_whole, n_known
        self._whole: dict[str, Held] = {}
        self._known: dict[bytes, None] = {}

    def add(self, key: str, held: Held) -> None:
        """Remember an answer that is in the ledger."""
        self._whole[key] = held
        if len(self._whole) > self._n_whole:
            oldest = next(iter(self._whole))
            del self._whole[oldest]
            self._known[_mark(oldest)] = None
        if len(self._known) > self._n_known:
            del self._known[next(iter(self._known))]

    async def find(self, key: str) -> Held | None:
        """The answer to a request of this key; None where there was none."""
        held = self._whole.get(key)
        if held is None and self._known and _mark(key) in self._known:
            held = (await asyncio.to_thread(self._look_up, [key])).get(key)
        return held


def _mark(key: str) -> bytes:
    return bytes.fromhex(key[:24])
