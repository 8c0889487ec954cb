"""queue: which records a person should look at, the most useful first."""

from __future__ import annotations

from curation.queue import review_queue
from workspace.snapshots import Output
from workspace.step import Context, Step


def _run(context: Context) -> Output:
    queue = review_queue(
        context.inputs["load"].scan("records"),
        context.inputs["check"].scan("issues"),
        context.inputs["agree"].scan("disagreements"),
    ).collect()
    return Output({"queue": queue}, {"n_waiting": queue.height})


STEP = Step("queue", ("load", "check", "agree"), lambda _: None, _run)
