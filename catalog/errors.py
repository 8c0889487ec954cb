"""What can be wrong with what a person gave us, said in one line.

A message names where it is wrong, what was expected, what was found and what
to do next. The library raises, the terminal prints the line and exits with 2,
a page shows it in a red box.
"""


class GoldshelfError(ValueError):
    """Something that the user can put right. The message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(str(message).split()))


class InputError(GoldshelfError):
    """A file, a column or an option is not what the step can work with."""


class WorkspaceError(GoldshelfError):
    """The workspace is missing, busy, damaged or written by a newer version."""


class StoppedError(GoldshelfError):
    """A person stopped the work; everything finished before is kept."""
