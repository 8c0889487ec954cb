"""Answers leave the server at once.

Streamlit binds its socket without naming TCP, so that asyncio does not turn off Nagle's algorithm
for it: the body of every answer waits until the browser has acknowledged the head, which it puts off
by 40 ms. A page asks for a hundred files.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from streamlit.web.server.starlette import starlette_server

BIND = "_bind_socket"
"""What Streamlit calls the function that binds; where it has another name, answers are as slow as before."""


def at_once(bind: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    """Bind a socket whose connections send whatever there is, however little."""

    def bound(*given: Any, **more: Any) -> socket.socket:
        listening = bind(*given, **more)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening

    return bound


def turn_on() -> None:
    """Let the server that Streamlit starts from now on send at once."""
    bind = getattr(starlette_server, BIND, None)
    if bind is not None:
        setattr(starlette_server, BIND, at_once(bind))
