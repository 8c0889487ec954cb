"""Answers on the disk the moment they are here: a process that is killed loses none of them."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Self

from curation.llm.prices import ModelPrice
from curation.llm.requests import Reply


class Journal:
    """A file that answers are put into, one behind the other, until they are in the database.

    A line is the key of the request, a tab, and the answer with what it cost as JSON. Each is
    handed to the system by one call, so that it outlives this process, if not the machine.

    Parameters
    ----------
    price
        None where nobody knows it.
    """

    def __init__(self, path: Path, price: ModelPrice | None) -> None:
        self._price = price
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def put(self, key: str, reply: Reply) -> None:
        """Write down an answer; one that says that there is none is no answer."""
        if reply.outcome == "failed":
            return
        body = asdict(reply) | {"cost_usd": cost_of(reply, self._price)}
        os.write(self._file, f"{key}\t{json.dumps(body)}\n".encode())

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def journaled(path: Path, keys: Container[str]) -> Iterator[tuple[str, Reply, float | None]]:
    """The answers of a journal to some requests, and what each cost; half a line is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            key, _, told = line.partition("\t")
            if key in keys and told.endswith("}\n"):
                body = json.loads(told)
                cost = body.pop("cost_usd")
                yield key, Reply(**body), cost


def cost_of(reply: Reply, price: ModelPrice | None) -> float | None:
    """What an answer has cost in dollars; None where nobody knows the price."""
    if price is None:
        return None
    return price.usd(reply.n_tokens_in, reply.n_tokens_out, reply.n_tokens_cached)
