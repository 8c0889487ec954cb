"""Start one test server: ``python tests/llm_servers/serve.py openai --port 9000``.

The first line on stdout is the address. ``--script FILE`` (JSON, see `script.Script`) or
``--latency-s 0.2 --limit-in-flight 100`` say how it behaves; ``--until-stdin-closes`` ends it
with whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:1] = [str(Path(__file__).resolve().parents[2])]

from aiohttp import web

from tests.llm_servers.anthropic_api import Anthropic
from tests.llm_servers.gemini_api import Gemini
from tests.llm_servers.openai_api import OpenAI
from tests.llm_servers.script import Script
from tests.llm_servers.server import Server

APIS = {"openai": OpenAI, "anthropic": Anthropic, "gemini": Gemini}


async def serve(name: str, port: int, script: Script, *, until_stdin_closes: bool) -> None:
    """Serve until ended."""
    server = Server(APIS[name](), script)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0)
    server.runner = runner
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=2048).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    if until_stdin_closes:
        await asyncio.to_thread(sys.stdin.read)
        return
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("provider", choices=APIS)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--latency-s", type=float)
    parser.add_argument("--limit-in-flight", type=int)
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = parser.parse_args()
    told = given.script.read_text("utf-8") if given.script else "{}"
    changes = {name: getattr(given, name) for name in ("latency_s", "limit_in_flight")}
    script = Script.model_validate_json(told).model_copy(
        update={name: value for name, value in changes.items() if value is not None}
    )
    asyncio.run(
        serve(given.provider, given.port, script, until_stdin_closes=given.until_stdin_closes)
    )


if __name__ == "__main__":
    main()
