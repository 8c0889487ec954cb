"""All steps, in the order of the way of the data."""

from workspace.step import Step
from workspace.steps import agree, balance, check, curate, export, label, load, queue, split

STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        load.STEP,
        check.STEP,
        label.STEP,
        agree.STEP,
        queue.STEP,
        curate.STEP,
        split.STEP,
        balance.STEP,
        export.STEP,
    )
}
