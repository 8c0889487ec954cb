"""The connections to one server."""

from __future__ import annotations

import itertools
import ssl
import urllib.request
from functools import cache

import httpx2

from curation.llm.settings import ModelAnnotator

_POOL = 8
_IDLE_S = 30.0


def http_client(settings: ModelAnnotator) -> httpx2.AsyncClient:
    """As many connections as there may be requests in flight, and no redirects.

    A redirect to another host would take the key with it.
    """
    n = settings.concurrent
    limits = httpx2.Limits(
        max_connections=None, max_keepalive_connections=n, keepalive_expiry=_IDLE_S
    )
    # Many pools know nothing of a proxy; httpx2 itself does.
    is_plain = n <= 2 * _POOL or bool(urllib.request.getproxies())
    transport = None if is_plain else ManyPools(-(-n // _POOL), limits)
    return httpx2.AsyncClient(
        verify=_certificates(),
        timeout=settings.timeout_s,
        limits=limits,
        follow_redirects=False,
        transport=transport,
    )


class ManyPools(httpx2.AsyncBaseTransport):
    """Small pools of connections, used in turn.

    A pool looks at each of its connections for each request, which with a hundred of them takes
    longer than to send the request.
    """

    def __init__(self, n_pools: int, limits: httpx2.Limits) -> None:
        self._pools = [
            httpx2.AsyncHTTPTransport(verify=_certificates(), limits=limits) for _ in range(n_pools)
        ]
        self._turns = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send by the next pool."""
        return await next(self._turns).handle_async_request(request)

    async def aclose(self) -> None:
        """Close all pools."""
        for pool in self._pools:
            await pool.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust, read once: it takes a tenth of a second."""
    return httpx2.create_ssl_context()
