"""The catalogue: a SQLite file, its connections and its transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from ...domain.errors import StorageError
from ...ports.clock import Clock
from .faults import catalogue_fault, writing_to
from .schema import migrate

FILE_NAME = "catalogue.sqlite3"
BUSY_SECONDS = 30.0
_PRAGMAS = (
    "foreign_keys = ON",
    f"cache_size = -{8 << 10}",
    # Index pages are changed in random places: the longer the log, the fewer times each is copied from it.
    "wal_autocheckpoint = 4000",
    # After a long export the log shrinks again.
    f"journal_size_limit = {64 << 20}",
)
HEAVY = 8 << 20
"""Bytes that a batch may hold before it is full, however few values it has."""

T = TypeVar("T")


def batches(values: Iterable[T], size: int, weigh: Callable[[T], int] = lambda _: 0) -> Iterator[list[T]]:
    """Cut values into lists of at most `size`, fewer when they weigh over `HEAVY` bytes together; lazy."""
    batch: list[T] = []
    weight = 0
    for value in values:
        batch.append(value)
        weight += weigh(value)
        if len(batch) == size or weight > HEAVY:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


class Catalogue:
    """Transactions on the catalogue of one hub. Thread-safe; several processes may use the same file.

    Connections are kept in a pool rather than one per thread, so that threads that come and go leave none
    behind. As long as no catalogue exists, reading sees an empty one and nothing is created.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self.path = root / FILE_NAME
        self._root = root
        self._clock = clock
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        # SQLite lets waiting writers sleep, ever longer; among threads a lock hands over at once.
        self._writer = threading.Lock()

    def row(self, query: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
        """First row of one query. Hot paths use it: it costs one call of SQLite instead of three."""
        with self._connection(create=False) as connection:
            return connection.execute(query, parameters).fetchone()

    def rows(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """All rows of one query, which sees one state of the catalogue."""
        with self._connection(create=False) as connection:
            return connection.execute(query, parameters).fetchall()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the catalogue, however long it takes."""
        with self._connection(create=False) as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction that alone may write. Kept if the block ends well; `durable`: on the disk then.

        Keep it short: other processes wait.
        """
        with self._writer, self._connection(create=True) as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def maintaining(self) -> Iterator[sqlite3.Connection]:
        """A connection without a transaction, for statements that must run outside of one."""
        with self._connection(create=False) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections; those in use when they are given back. Idempotent."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _connection(self, create: bool) -> _Loan:
        return _Loan(self, create)

    def take(self, create: bool) -> tuple[sqlite3.Connection, bool]:
        """A connection, and whether it may be used again: the empty stand-in ends when the hub is created."""
        if self._closed:
            raise StorageError(str(self._root), "this hub was closed", "Open it again")
        with contextlib.suppress(IndexError):
            return self._idle.pop(), True
        if create:
            with writing_to(self._root):
                self._root.mkdir(parents=True, exist_ok=True)
        lasting = create or self.path.exists()
        return self._open(str(self.path) if lasting else ":memory:"), lasting

    def give_back(self, connection: sqlite3.Connection, lasting: bool) -> None:
        """Keep a connection for the next one who needs it."""
        if lasting and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()

    def _open(self, target: str) -> sqlite3.Connection:
        try:
            return self._prepared(target)
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} or os.access(self._root, os.W_OK):
                raise
        # A folder that nobody can write to: SQLite reads it if told that nothing will change.
        return self._prepared(f"{self.path.absolute().as_uri()}?immutable=1")

    def _prepared(self, target: str) -> sqlite3.Connection:
        is_immutable = target.startswith("file:")
        connection = sqlite3.connect(
            target,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=is_immutable,
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            if not is_immutable:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
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


class _Loan:
    """A connection while it is used; errors of SQLite leave it as errors of the library.

    `sqlite3.IntegrityError` (a constraint) passes: it is an answer to the statement, not a fault.
    """

    __slots__ = ("_catalogue", "_connection", "_create", "_lasting")

    def __init__(self, catalogue: Catalogue, create: bool) -> None:
        self._catalogue = catalogue
        self._create = create

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection, self._lasting = self._catalogue.take(self._create)
        except sqlite3.Error as error:
            raise catalogue_fault(error, self._catalogue.path) from error
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._catalogue.give_back(self._connection, self._lasting)
        if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
            raise catalogue_fault(error, self._catalogue.path) from error
