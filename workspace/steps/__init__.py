"""All steps, in the order of the way of the data."""

from workspace.step import Step
from workspace.steps import load

STEPS: dict[str, Step] = {step.name: step for step in (load.STEP,)}
