"""A workspace: one folder, one catalog, everything known of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from catalog.errors import InputError, WorkspaceError
from catalog.taxonomy import Taxonomy
from workspace.atomic import read_json, sha256_of, write_json, write_text
from workspace.database.store import Database
from workspace.layout import Layout
from workspace.progress import ProgressState, read_progress
from workspace.settings import (
    Settings,
    change_settings,
    read_settings,
    remove_section,
    write_settings,
)
from workspace.snapshots import Snapshot, SnapshotStore
from workspace.taxonomies import taxonomy_of


class Workspace:
    """Open a workspace folder.

    Parameters
    ----------
    root
        The folder that holds ``goldshelf.toml``.

    Raises
    ------
    WorkspaceError
        If it is not a workspace, or a newer Goldshelf wrote it.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).expanduser().resolve()
        self.layout = Layout(self.root)
        self.settings = read_settings(self.layout.settings)
        self.snapshots = SnapshotStore(self.layout)

    @classmethod
    def create(cls, root: Path | str, settings: Settings) -> Workspace:
        """Make a workspace folder; one that has loaded nothing yet may be made anew.

        Raises
        ------
        WorkspaceError
            If there is one already that holds data, or the path holds signs of a pattern.
        """
        layout = Layout(Path(root).expanduser().resolve())
        if signs := sorted(set(str(layout.root)) & set("*?[]{}")):
            raise WorkspaceError(
                f"{layout.root}: a workspace cannot lie on a path with {' '.join(signs)} in it. "
                "Name another folder."
            )
        if layout.settings.exists() and layout.snapshots.exists():
            raise WorkspaceError(
                f"{layout.root} is a workspace already. Run `goldshelf run -w {root}`, or change "
                f"{layout.settings.name}."
            )
        try:
            layout.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(f"{layout.root}: cannot be made: {error.strerror}.") from error
        write_settings(layout.settings, settings)
        return cls(root)

    @cached_property
    def database(self) -> Database:
        """What people said and what money was spent on."""
        return Database.of(self.layout, self.settings.database_url)

    @property
    def has_database(self) -> bool:
        """Whether anything was ever said or spent here; reading alone makes no database."""
        return self.settings.database_url is not None or self.layout.database.exists()

    def change(self, section: str, **changes: Any) -> None:
        """Change settings of one section, in the file and here; None takes a setting out."""
        self.settings = change_settings(self.layout.settings, section, changes)

    @contextmanager
    def trying(self, section: str, **changes: Any) -> Iterator[None]:
        """Change settings for what is run inside; taken back where the records refuse them."""
        before = self.layout.settings.read_text("utf-8")
        if changes:
            self.change(section, **changes)
        try:
            yield
        except InputError:
            write_text(self.layout.settings, before)
            self.settings = read_settings(self.layout.settings)
            raise

    def remove(self, section: str) -> None:
        """Take a section such as ``annotators.NAME`` out of the settings, in the file and here."""
        self.settings = remove_section(self.layout.settings, section)

    def snapshot(self, step: str) -> Snapshot:
        """The current snapshot of a step, stale or not.

        Raises
        ------
        WorkspaceError
            If the step has not run.
        """
        found = self.snapshots.current(step)
        if found is None:
            raise WorkspaceError(f"{self.root}: no {step} yet. Run `goldshelf run`.")
        return found

    def taxonomy(self) -> Taxonomy:
        """The taxonomy as loaded with the records."""
        return taxonomy_of(self.snapshot("load"))

    def doing(self) -> ProgressState | None:
        """What is being done here now, by whomever."""
        return read_progress(self.layout.progress)

    def file_hash(self, path: Path) -> str:
        """The SHA-256 of a file outside, remembered by its size and time.

        A file that is gone hashes to what was last known of it.
        """
        known = read_json(self.layout.hashes) or {}
        key = str(path)
        entry = known.get(key)
        if not path.exists():
            return str(entry["sha256"]) if entry else "missing"
        facts = path.stat()
        mark = [facts.st_size, facts.st_mtime_ns]
        if entry is None or entry["mark"] != mark:
            entry = {"mark": mark, "sha256": sha256_of(path)}
            write_json(self.layout.hashes, {**known, key: entry})
        return str(entry["sha256"])
