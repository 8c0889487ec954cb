"""Open the database of a workspace, its tables brought up to date."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from catalog.errors import WorkspaceError
from workspace.layout import Layout

HEAD = "0005"
_MIGRATIONS = Path(__file__).parent / "migrations"
_WAIT_S = 15
_MIGRATING = 0x601D5E1F
"""The lock in PostgreSQL that lets one process alone bring the tables up to date."""


class Database:
    """Sessions over one database, each with a connection of its own.

    Nothing is shared between threads: a page may be drawn by any of them.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        tune = {"sqlite": _tune_sqlite, "postgresql": _tune_postgres}.get(self._engine.dialect.name)
        if tune is not None:
            sa.event.listen(self._engine, "connect", tune)
        self._bring_up_to_date()

    @classmethod
    def of(cls, layout: Layout, url: str | None) -> Database:
        """The database that the settings name, else a SQLite file in the workspace."""
        return cls(url or f"sqlite:///{layout.database}")

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error.

        Raises
        ------
        WorkspaceError
            If the database cannot be reached, is locked for too long, or its disk is full, or
            somebody else wrote the same at the same moment.
        """
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except sa.exc.OperationalError as error:
            raise WorkspaceError(
                f"database: {str(error.orig).splitlines()[0]}. Nothing was changed; try again."
            ) from error
        except sa.exc.IntegrityError as error:
            raise WorkspaceError(
                "database: somebody else wrote the same at the same moment. Nothing was changed; "
                "try again."
            ) from error

    @contextlib.contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """One connection for many small transactions of one thread.

        Raises
        ------
        WorkspaceError
            As `session` does.
        """
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise WorkspaceError(
                f"database: {str(error.orig).splitlines()[0]}. What was written before is kept."
            ) from error

    def _bring_up_to_date(self) -> None:
        try:
            with self._engine.begin() as connection:
                if self._revision(connection) == HEAD:
                    return
        except sa.exc.OperationalError as error:
            raise WorkspaceError(
                f"database: cannot be opened: {str(error.orig).splitlines()[0]}."
            ) from error
        self._migrate()

    def _revision(self, connection: sa.Connection) -> str | None:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(sa.text("BEGIN IMMEDIATE"))
            elif connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
            if self._revision(connection) == HEAD:
                return
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
                connection.commit()
            except CommandError as error:
                raise WorkspaceError(
                    "database: written by a newer Goldshelf. Upgrade Goldshelf; nothing was changed."
                ) from error


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url, poolclass=NullPool, connect_args=_arguments(url))
    except ModuleNotFoundError as error:
        raise WorkspaceError(
            f"database_url: {sa.make_url(url).drivername} needs the package {error.name!r}. Install "
            "it beside Goldshelf."
        ) from error
    except sa.exc.ArgumentError as error:
        raise WorkspaceError(
            "database_url is not the address of a database. Expected postgresql+psycopg://USER@HOST/NAME "
            "or sqlite:///FILE."
        ) from error


def _arguments(url: str) -> dict[str, object]:
    return {"timeout": _WAIT_S} if url.startswith("sqlite") else {}


def _tune_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _tune_postgres(connection: object, _record: object) -> None:
    """Days are those of UTC, whatever the server takes for its own."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()  # type: ignore[attr-defined]
