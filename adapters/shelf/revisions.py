"""Revisions: folders of files with a manifest of what they hold, used by artifacts until others take their place."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from ...domain.errors import DigestMismatch, IntegrityError, NotReadable
from ...domain.tree_digest import FileDigest, first_difference, tree_digest
from ...ports.checksum import TreeHasher
from ...ports.clock import Clock
from .folders import Folders, Staged
from .stamps import timestamp

ADVICE = "Put it again; until then read it with the checksum strategy 'ignore' if the rest is of use"


@attrs.frozen
class Revision:
    """A folder as the catalogue knows it."""

    id: int
    folder: str
    digest: str
    size: int
    manifest: bytes = attrs.field(repr=False)

    @property
    def files(self) -> list[FileDigest]:
        """What the folder held when it was put."""
        return [FileDigest(path, size, md5) for path, size, md5 in json.loads(zlib.decompress(self.manifest))]


def pack_manifest(files: Sequence[FileDigest]) -> bytes:
    """A file list as the catalogue keeps it: an archive can have 100,000 files."""
    return zlib.compress(json.dumps([attrs.astuple(file) for file in files], separators=(",", ":")).encode())


class Revisions:
    """Revisions of one shelf."""

    def __init__(self, folders: Folders, hasher: TreeHasher, clock: Clock) -> None:
        self._folders = folders
        self._hasher = hasher
        self._clock = clock

    @contextlib.contextmanager
    def stage(self, key: str) -> Iterator[Path]:
        """A folder to put files into; see `Folders.stage`."""
        with self._folders.stage(key) as folder:
            yield folder

    def seal(self, staged: Path) -> list[FileDigest]:
        """Read back what was put into a folder, once the disk has it."""
        self._folders.harden(staged)
        return self._hasher.files(staged)

    def add(self, connection: sqlite3.Connection, staged: Staged, parent: str, secret: bool = False) -> int:
        """Make a sealed folder a revision below `parent`; in a write transaction. Return its id."""
        folder = self._folders.publish(staged.folder, parent, secret)
        size = sum(file.size for file in staged.files)
        row = (folder, tree_digest(staged.files), size, pack_manifest(staged.files), timestamp(self._clock))
        query = """
            INSERT INTO revisions (folder, digest, size, manifest, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id
        """
        (revision,) = connection.execute(query, row).fetchone()
        return revision

    def use(self, connection: sqlite3.Connection, artifact: int, revisions: Mapping[str, int]) -> None:
        """Have an artifact use these revisions, by role, and no others; in a write transaction."""
        connection.execute("DELETE FROM uses WHERE artifact = ?", (artifact,))
        rows = [(artifact, role, revision) for role, revision in revisions.items()]
        connection.executemany("INSERT INTO uses (artifact, role, revision) VALUES (?, ?, ?)", rows)
        connection.execute(
            "UPDATE revisions SET released_at = ?"
            " WHERE released_at IS NULL AND NOT EXISTS (SELECT 1 FROM uses WHERE revision = revisions.id)",
            (timestamp(self._clock),),
        )

    def of(self, connection: sqlite3.Connection, artifact: int, role: str) -> Revision:
        """The revision that an artifact uses in a role; it has to have one."""
        found = self.find(connection, artifact, role)
        assert found is not None
        return found

    def find(self, connection: sqlite3.Connection, artifact: int, role: str) -> Revision | None:
        """The revision that an artifact uses in a role, if any."""
        query = """
            SELECT id, folder, digest, size, manifest FROM revisions JOIN uses ON uses.revision = revisions.id
            WHERE uses.artifact = ? AND uses.role = ?
        """
        row = connection.execute(query, (artifact, role)).fetchone()
        return None if row is None else Revision(*row)

    def path(self, revision: Revision, what: str) -> Path:
        """Where the files are.

        Raises:
            IntegrityError: they are gone.
        """
        path = self._folders.path(revision.folder)
        if not path.is_dir():
            raise IntegrityError(what, f"has lost its files: {path} is not there", "Put it again")
        return path

    def verify(self, revision: Revision, what: str) -> None:
        """Read every file and compare it with what was put.

        Raises:
            DigestMismatch: names the first file that differs.
        """
        path = self.path(revision, what)
        expected = {file.path: file.md5 for file in revision.files}
        try:
            actual = {file.path: file.md5 for file in self._hasher.files(path)}
        except NotReadable as error:
            raise IntegrityError(what, f"cannot be verified: {error.message}", "Put it again") from error
        differing = first_difference(expected, actual)
        if differing is not None:
            raise DigestMismatch(
                f"file '{differing}' of {what}",
                advice=ADVICE,
                expected=expected.get(differing, "none: it was not put"),
                actual=actual.get(differing, "none: it is missing"),
            )
