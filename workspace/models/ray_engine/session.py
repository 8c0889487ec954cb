"""Join a Ray cluster, or start a Ray on this machine for one run; quietly."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import warnings
from collections.abc import Iterator
from typing import Any

from catalog.errors import InputError
from workspace.models.engines import require_engine

_OBJECTS_BYTES = 500_000_000
_ANSWERS_WITHIN_S = 10
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
"""No statistics are sent to Ray's makers, and its core writes nothing on the terminal."""


@contextlib.contextmanager
def joined(address: str | None) -> Iterator[None]:
    """Be part of a cluster; one that was started for this is ended again.

    Parameters
    ----------
    address
        Of the cluster; `RAY_ADDRESS` of the environment where left out, and without that a Ray of
        this machine. A process that is part of a cluster already stays in that one.

    Raises
    ------
    InputError
        If Ray is not installed, there is no cluster, or the address is that of a Ray client:
        the database is here, and the machine of a client is no part of the cluster.
    """
    require_engine("ray")
    where = address or os.environ.get("RAY_ADDRESS") or "local"
    if where.startswith("ray://"):
        raise InputError(
            f"--address {where}: the workspace must be on a machine of the cluster. Join it with "
            "`ray start --address=HOST:6379`, then give --address HOST:6379."
        )
    if where not in ("local", "auto"):
        _require_answer(where)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    _hush()
    if ray.is_initialized():
        yield
        return
    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _OBJECTS_BYTES}
    try:
        with _core_is_quiet():
            ray.init(
                address=where,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                **(own if where == "local" else {}),
            )
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        told = " ".join(str(error).split())[:200]
        raise InputError(f"no Ray cluster to join at {where}: {told}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _require_answer(where: str) -> None:
    """Refuse an address at which nobody answers: Ray itself asks again for many minutes."""
    host, _, port = where.rpartition(":")
    try:
        if not host or not port.isdigit():
            raise ValueError("expected HOST:PORT")
        socket.create_connection((host, int(port)), _ANSWERS_WITHIN_S).close()
    except (OSError, OverflowError, ValueError) as error:
        raise InputError(f"no Ray cluster to join at {where}: {error}.") from None


@contextlib.contextmanager
def _core_is_quiet() -> Iterator[None]:
    """Ray's core tells the terminal that it was told to be quiet: nobody hears that."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _hush() -> None:
    """What Ray would say on the terminal stays in its own log files."""
    import ray.data

    warnings.filterwarnings("ignore", module=r"ray\..*")
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
