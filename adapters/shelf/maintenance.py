"""Looking for damage in a shelf, and freeing what nothing uses."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from ...domain.errors import GroundtruthError, IntegrityError
from ...domain.maintenance import Damage, Finding, HubCheck, HubCollection
from .folders import size_of
from .revisions import Revision
from .stamps import timestamp
from .store import Store

_REVISIONS = "SELECT id, folder, digest, size, manifest FROM revisions"
_USERS = """
SELECT artifacts.kind || ' ' || artifacts.owner || '/' || artifacts.slug
FROM uses JOIN artifacts ON artifacts.id = uses.artifact WHERE uses.revision = ? ORDER BY 1
"""
_RELEASED = "released_at < ? AND NOT EXISTS (SELECT 1 FROM uses WHERE revision = revisions.id)"


class Checker:
    """Looks at everything a shelf stores; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self) -> HubCheck:
        """Read every file that an artifact uses and compare it with what was put."""
        objects = size = unreferenced = 0
        try:
            with self._store.catalogue.reading() as connection:
                findings = list(self._check_catalogue(connection))
                (documents,) = connection.execute("SELECT count(*) FROM artifacts").fetchone()
                revisions = {Revision(*row): _users(connection, row[0]) for row in connection.execute(_REVISIONS)}
        except IntegrityError as error:
            # The catalogue is so damaged that the rest cannot be looked at.
            return HubCheck(0, 0, 0, (Finding(str(self._store.catalogue.path), Damage.CORRUPT, error.message),))
        for revision, users in revisions.items():
            if users:
                objects += 1
                size += revision.size
                findings += self._check_revision(revision, users)
        unreferenced = sum(not users for users in revisions.values())
        unreferenced += sum(1 for _ in self.orphans())
        return HubCheck(objects, documents, size, tuple(findings), unreferenced)

    def orphans(self) -> Iterator[str]:
        """Folders where revisions belong that the catalogue does not know."""
        published = list(self._store.folders.published())
        with self._store.catalogue.reading() as connection:
            known = {folder for (folder,) in connection.execute("SELECT folder FROM revisions")}
        return (folder for folder in published if folder not in known)

    def _check_catalogue(self, connection: sqlite3.Connection) -> Iterator[Finding]:
        faults = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        faults += [f"row {row} of table {table} refers to nothing in {parent}" for table, row, parent, _ in broken]
        for fault in faults:
            yield Finding(str(self._store.catalogue.path), Damage.CORRUPT, fault)

    def _check_revision(self, revision: Revision, users: Sequence[str]) -> Iterator[Finding]:
        path = self._store.folders.path(revision.folder)
        try:
            actual = {file.path: file for file in self._store.hasher.files(path)}
        except GroundtruthError as error:
            if not self._is_used(revision):  # it was freed while it was looked at
                return
            damage = Damage.CORRUPT if path.is_dir() else Damage.MISSING
            yield Finding(revision.folder, damage, error.message, tuple(users))
            return
        for file in revision.files:
            found = actual.pop(file.path, None)
            if found is None:
                yield Finding(f"{revision.folder}/{file.path}", Damage.MISSING, "is not there", tuple(users))
            elif found != file:
                damage = Damage.TRUNCATED if found.size < file.size else Damage.CORRUPT
                detail = f"has {found.size} bytes and md5 {found.md5}, expected {file.size} and {file.md5}"
                yield Finding(f"{revision.folder}/{file.path}", damage, detail, tuple(users))
        for extra in sorted(actual):
            yield Finding(f"{revision.folder}/{extra}", Damage.CORRUPT, "was not put", tuple(users))

    def _is_used(self, revision: Revision) -> bool:
        with self._store.catalogue.reading() as connection:
            return bool(_users(connection, revision.id))


def _users(connection: sqlite3.Connection, revision: int) -> tuple[str, ...]:
    return tuple(text for (text,) in connection.execute(_USERS, (revision,)))


class Collector:
    """Frees what nothing uses: revisions that were replaced, and what interrupted work left.

    What was replaced stays for `grace`, since somebody may still be reading it; so does what an interrupted put
    left, for the next attempt.
    """

    def __init__(self, store: Store, checker: Checker, grace: timedelta) -> None:
        self._store = store
        self._checker = checker
        self._grace = grace

    def collect(self, dry_run: bool) -> HubCollection:
        """Free, or only count, what is not used."""
        objects = leftovers = size = 0
        cutoff = timestamp(self._store.clock, ago=self._grace)
        with self._store.catalogue.reading() as connection:
            query = f"{_REVISIONS} WHERE {_RELEASED}"
            released = [Revision(*row) for row in connection.execute(query, (cutoff,))]
        for revision in released:
            if dry_run or self._free(revision, cutoff):
                objects += 1
                size += revision.size
        for folder in self._checker.orphans():
            objects += 1
            size += size_of(self._store.folders.path(folder))
            if not dry_run:
                self._free_orphan(folder)
        before = (self._store.clock.now() - self._grace).timestamp()
        for area in self._store.folders.leftovers(before):
            leftovers += 1
            size += size_of(area)
            if not dry_run:
                self._store.folders.erase(area)
        return HubCollection(objects, 0, leftovers, size)

    def _free(self, revision: Revision, cutoff: str) -> bool:
        with self._store.catalogue.writing() as connection:
            # Somebody may have come to use it, such as a benchmark on the dataset.
            delete = f"DELETE FROM revisions WHERE id = ? AND {_RELEASED} RETURNING id"
            if connection.execute(delete, (revision.id, cutoff)).fetchone() is None:
                return False
            trash = self._store.folders.take_away(revision.folder)
        self._erase(trash)
        return True

    def _free_orphan(self, folder: str) -> None:
        with self._store.catalogue.writing() as connection:
            # It may have been published after the catalogue was read.
            query = "SELECT 1 FROM revisions WHERE folder = ?"
            known = connection.execute(query, (folder,)).fetchone()
            trash = None if known else self._store.folders.take_away(folder)
        self._erase(trash)

    def _erase(self, trash: Path | None) -> None:
        if trash is not None:
            self._store.folders.erase(trash)
