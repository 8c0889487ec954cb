"""Fewer walks of the garbage collector through what stays anyway."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_FEWER = 20_000


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Leave what is here now out of garbage collections, and let them be rarer, until the end.

    Asking makes a thousand tasks at a time, each of which counts towards a walk through all
    objects of the process: with the libraries that is half of the processor's time, and each walk
    keeps the requests waiting.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_FEWER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
