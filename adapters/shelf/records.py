"""Rows of artifacts: who sees them, and what becomes of one that exists already."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.errors import NameTaken, NotFound
from ...domain.policies import Access, ConflictPolicy
from ...domain.publication import Publication
from ...ports.benchmarks import Listing
from ...ports.clock import Clock
from .stamps import timestamp

_SEEN = "(access = 'public' OR owner IS :actor)"
_COLUMNS = "id, owner, slug, access, about, document, updated_at"


@attrs.frozen
class Record:
    """An artifact as the catalogue has it."""

    row: int
    id: ArtifactId
    access: Access
    about: ArtifactId | None
    document: dict[str, Any]
    published_at: str


@attrs.frozen
class Draft:
    """An artifact that is to be put. `version` is that of its data model."""

    kind: ArtifactKind
    id: ArtifactId
    document: dict[str, Any]
    version: int = 1
    about: ArtifactId | None = None
    body: bytes | None = None

    @property
    def what(self) -> str:
        """The artifact in messages."""
        return f"{self.kind} '{self.id}'"


class Records:
    """Rows of artifacts. Every method works in the transaction it is given."""

    def __init__(self, clock: Clock, hub: str) -> None:
        self._clock = clock
        self._hub = hub

    # --- reading ------------------------------------------------------------------------------------

    def listing(
        self,
        connection: sqlite3.Connection,
        kind: ArtifactKind,
        actor: str | None,
        limit: int,
        offset: int,
        about: ArtifactId | None = None,
    ) -> Listing[ArtifactId]:
        """Ids of the artifacts of a kind that the actor sees, sorted."""
        condition = f"kind = :kind AND {_seen(kind)} AND (:about IS NULL OR about = :about)"
        values = {"kind": kind, "actor": actor, "about": about and str(about), "limit": limit, "offset": offset}
        (total,) = connection.execute(f"SELECT count(*) FROM artifacts WHERE {condition}", values).fetchone()
        query = (
            f"SELECT owner, slug FROM artifacts WHERE {condition} ORDER BY owner, slug LIMIT :limit OFFSET :offset"
        )
        return Listing((ArtifactId(*row) for row in connection.execute(query, values)), total)

    def find(
        self, connection: sqlite3.Connection, kind: ArtifactKind, wanted: ArtifactId, actor: str | None
    ) -> Record:
        """The artifact of that id.

        Raises:
            NotFound: there is none that the actor may see.
        """
        condition = f"kind = :kind AND owner = :owner AND slug = :slug AND {_seen(kind)}"
        query = f"SELECT {_COLUMNS} FROM artifacts WHERE {condition}"
        values = {"kind": kind, "owner": wanted.owner, "slug": wanted.slug, "actor": actor}
        row = connection.execute(query, values).fetchone()
        if row is None:
            raise NotFound(str(kind), str(wanted), f"hub {self._hub}", "Look for it in the list of those you may see")
        return _record(row)

    def about(
        self, connection: sqlite3.Connection, kind: ArtifactKind, subject: ArtifactId, actor: str | None
    ) -> Iterator[Record]:
        """Results or submissions on a subject that the actor sees, sorted by id."""
        condition = f"kind = :kind AND about = :about AND {_seen(kind)}"
        query = f"SELECT {_COLUMNS} FROM artifacts WHERE {condition} ORDER BY owner, slug"
        for row in connection.execute(query, {"kind": kind, "about": str(subject), "actor": actor}):
            yield _record(row)

    def body(self, connection: sqlite3.Connection, record: Record) -> bytes:
        """What is too large to be read with every row."""
        (body,) = connection.execute("SELECT body FROM artifacts WHERE id = ?", (record.row,)).fetchone()
        return body

    # --- writing ------------------------------------------------------------------------------------

    def is_wanted(self, connection: sqlite3.Connection, draft: Draft, policy: ConflictPolicy) -> bool:
        """True if the artifact is to be written, False if there is one that is to stay.

        Raises:
            NameTaken: there is one, and the policy is to raise.
        """
        query = "SELECT 1 FROM artifacts WHERE kind = ? AND owner = ? AND slug = ?"
        exists = connection.execute(query, (draft.kind, draft.id.owner, draft.id.slug)).fetchone() is not None
        if exists and policy is ConflictPolicy.RAISE:
            raise NameTaken(draft.what, "exists already", "Choose another name, or another policy for what exists")
        return not exists or policy is ConflictPolicy.REPLACE

    def write(self, connection: sqlite3.Connection, draft: Draft, publication: Publication) -> int:
        """Insert the row, or change the one there is; return its number."""
        query = """
            INSERT INTO artifacts
                (kind, owner, slug, version, access, about, parent, document, body, created_at, updated_at)
            VALUES (:kind, :owner, :slug, :version, :access, :about, :parent, :document, :body, :now, :now)
            ON CONFLICT (kind, owner, slug) DO UPDATE SET
                version = :version, access = :access, about = :about, parent = :parent, document = :document,
                body = :body, updated_at = :now
            RETURNING id
        """
        values = {
            "kind": draft.kind,
            "owner": draft.id.owner,
            "slug": draft.id.slug,
            "version": draft.version,
            "access": publication.access,
            "about": draft.about and str(draft.about),
            "parent": publication.parent and str(publication.parent),
            "document": json.dumps(draft.document, ensure_ascii=False, allow_nan=False),
            "body": draft.body,
            "now": timestamp(self._clock),
        }
        (row,) = connection.execute(query, values).fetchone()
        return row


def _seen(kind: ArtifactKind) -> str:
    if kind is not ArtifactKind.COMPETITION_PREDICTION:
        return _SEEN
    # Who holds a competition judges all that is submitted to it.
    return "(access = 'public' OR owner IS :actor OR substr(about, 1, length(:actor) + 1) = :actor || '/')"


def _record(row: tuple[Any, ...]) -> Record:
    number, owner, slug, access, about, document, published_at = row
    subject = ArtifactId.parse(about) if about is not None else None
    return Record(number, ArtifactId(owner, slug), Access(access), subject, json.loads(document), published_at)
