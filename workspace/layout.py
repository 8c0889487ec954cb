"""The names of the files in a workspace folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
"""Raised when a newer Goldshelf writes workspaces that this one could misread."""


@dataclass(frozen=True)
class Layout:
    """Paths below one workspace folder."""

    root: Path

    @property
    def settings(self) -> Path:
        """What the user declares."""
        return self.root / "goldshelf.toml"

    @property
    def snapshots(self) -> Path:
        """Immutable results, ``snapshots/STEP/ID/``."""
        return self.root / "snapshots"

    @property
    def current(self) -> Path:
        """Which snapshot of each step counts, ``current/STEP.json``."""
        return self.root / "current"

    @property
    def exports(self) -> Path:
        """Bundles for training, ``exports/NAME/``."""
        return self.root / "exports"

    @property
    def reports(self) -> Path:
        """Reports for stakeholders."""
        return self.root / "reports"

    @property
    def database(self) -> Path:
        """The SQLite file, where no ``database_url`` names another place."""
        return self.root / "goldshelf.db"

    @property
    def scratch(self) -> Path:
        """Temporary files, on the same disk, so that a rename is whole or not at all."""
        return self.root / ".scratch"

    @property
    def lock(self) -> Path:
        """Held by whoever writes."""
        return self.root / ".lock"

    @property
    def progress(self) -> Path:
        """What is being done now, for whoever watches."""
        return self.root / ".progress.json"

    @property
    def answers(self) -> Path:
        """Answers of models that are not in the database yet, ``.answers/SENDER.N.tsv``."""
        return self.root / ".answers"

    @property
    def tried(self) -> Path:
        """The last try of each language model."""
        return self.root / ".tried.json"

    @property
    def hashes(self) -> Path:
        """Hashes of source files by size and time, so that they are read once."""
        return self.root / ".hashes.json"
