"""The catalogue: a SQLite file and its transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ...ports.clock import Clock
from .faults import catalogue_fault, writing_to
from .schema import migrate

FILE_NAME = "shelf.sqlite3"
BUSY_SECONDS = 30.0


class Catalogue:
    """Transactions on the catalogue of one shelf. Thread-safe; several processes may use the same file.

    Each transaction has a connection of its own: opening one takes a fraction of a millisecond, and nothing has to
    be closed. As long as no catalogue exists, reading sees an empty one and nothing is created.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self.path = root / FILE_NAME
        self._root = root
        self._clock = clock

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the catalogue, however long it takes."""
        with self._translated(), self._opened(create=False) as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that alone may write; on the disk when the block has ended well.

        Keep it short: other processes wait.
        """
        with self._translated(), self._opened(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise catalogue_fault(error, self.path) from error

    @contextlib.contextmanager
    def _opened(self, create: bool) -> Iterator[sqlite3.Connection]:
        if create:
            with writing_to(self._root):
                self._root.mkdir(parents=True, exist_ok=True)
        connection = self._open(create)
        try:
            yield connection
        finally:
            connection.close()

    def _open(self, create: bool) -> sqlite3.Connection:
        if not create and not self.path.exists():
            return self._prepared(":memory:")
        try:
            return self._prepared(str(self.path))
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} or os.access(self._root, os.W_OK):
                raise
        # A folder that nobody can write to: SQLite reads it if told that nothing will change.
        return self._prepared(f"{self.path.absolute().as_uri()}?immutable=1")

    def _prepared(self, target: str) -> sqlite3.Connection:
        is_immutable = target.startswith("file:")
        # Threads that generators hand a connection to use it one after the other.
        connection = sqlite3.connect(
            target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=is_immutable
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            if not is_immutable:
                self._use_log(connection)
            migrate(connection, str(self.path))
        except BaseException:
            connection.close()
            raise
        return connection

    def _use_log(self, connection: sqlite3.Connection) -> None:
        """Switch to write-ahead logging. SQLite does not wait for this lock by itself."""
        deadline = self._clock.monotonic() + BUSY_SECONDS
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
                if not busy or self._clock.monotonic() > deadline:
                    raise
                self._clock.sleep(0.01)
            else:
                return
