"""Gates: what a paired difference must show, on its unfavourable bound, before a run may pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from catalog.errors import InputError
from stats.estimate import Estimate, number_or_none

_FORM = re.compile(r"^\s*([A-Za-z0-9_.@]+)\s*(>=|<=|>|<)\s*([-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*$")
_HOLDS: dict[str, Callable[[float, float], bool]] = {">=": ge, ">": gt, "<=": le, "<": lt}


@dataclass(frozen=True)
class Gate:
    """``METRIC OP NUMBER``, about candidate minus baseline.

    ``>=`` and ``>`` ask it of the lower bound of the difference, ``<=`` and ``<`` of the upper
    one: a gate is passed by what has been shown, never by what may be luck.
    """

    text: str
    metric: str
    sign: str
    limit: float

    @property
    def is_lower(self) -> bool:
        """Whether the lower bound decides."""
        return self.sign in (">=", ">")


@dataclass(frozen=True)
class GateResult:
    """Whether a gate holds: an undefined bound never does."""

    gate: Gate
    bound: float
    is_passed: bool

    @property
    def sentence(self) -> str:
        """What was asked, what was found."""
        which = "lower" if self.gate.is_lower else "upper"
        found = number_or_none(self.bound)
        told = "undefined" if found is None else f"{found:+.4f}"
        state = "passed" if self.is_passed else "failed"
        return f"gate {self.gate.text} {state}: the {which} bound of the difference is {told}."

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "gate": self.gate.text,
            "metric": self.gate.metric,
            "bound": number_or_none(self.bound),
            "passed": self.is_passed,
            "sentence": self.sentence,
        }


def parse_gates(texts: Iterable[str], known: Iterable[str]) -> list[Gate]:
    """Read gates.

    Raises
    ------
    InputError
        If one is not of the form, or its metric is not known.

    Examples
    --------
    >>> parse_gates(["accuracy>=-0.01"], ["accuracy"])[0].limit
    -0.01
    """
    names = list(known)
    gates = []
    for text in texts:
        found = _FORM.match(text)
        if found is None:
            raise InputError(f"gate {text!r}: expected METRIC OP NUMBER, such as 'accuracy>=0'.")
        metric, sign, limit = found.groups()
        if metric not in names:
            raise InputError(f"gate {text!r}: no metric {metric!r}. Known: {', '.join(names)}.")
        try:
            gates.append(Gate("".join(text.split()), metric, sign, float(limit)))
        except ValueError as error:
            raise InputError(f"gate {text!r}: {limit!r} is not a number.") from error
    return gates


def gate_result(gate: Gate, difference: Estimate) -> GateResult:
    """Hold a gate against a paired difference.

    Examples
    --------
    >>> gate = parse_gates(["accuracy>=0"], ["accuracy"])[0]
    >>> gate_result(gate, Estimate(0.02, -0.01, 0.05, n=100)).is_passed
    False
    """
    bound = difference.low if gate.is_lower else difference.high
    return GateResult(gate, bound, _HOLDS[gate.sign](bound, gate.limit))
