"""A process that has imported what a try of models takes, and waits for its words.

``python -m terminal.warm PROVIDER …`` reads one line of JSON: ``arguments``, those of a verb, and
``log``, the file that its output goes to. It ends with the verb, with whoever started it, or after
ten minutes without a word.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from terminal import label_verbs as label_verbs
from terminal.main import run

IDLE_S = 600.0


def main(providers: list[str]) -> int:
    """Prepare, wait, run the verb."""
    from workspace.models.trying import prepare

    patience = threading.Timer(IDLE_S, os._exit, (0,))
    patience.daemon = True
    patience.start()
    prepare(providers)
    line = sys.stdin.readline()
    patience.cancel()
    if not line:
        return 0
    told = json.loads(line)
    with Path(told["log"]).open("wb") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    return run(told["arguments"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
