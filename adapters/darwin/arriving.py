"""Release zips that are read while they come: the members are in front, and the directory at the end confirms them.

What is given out before the directory is there is given out on the word of each member's own head. So in the end the
directory has to say the same, member by member, or the whole archive is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing
from struct import Struct

from ...domain.errors import IntegrityError, Unavailable
from ...ports.releases import ReleaseDocument
from .archive import (
    ADVICE,
    ENCRYPTED,
    LIMITS,
    UTF8,
    ArchiveLimits,
    Member,
    ReleaseArchive,
    is_document,
    name_of,
    unpacked,
)
from .arrival import Arrival

_HEAD = Struct("<4s5H3L2H")
_SIZES_FOLLOW = 0x8
_IN_EXTRA = 0xFFFFFFFF


class ArrivingArchive:
    """A release zip on its way. `what` names it in messages. For one thread; the arrival is its maker's to close.

    `metadata` is known after all documents were given out.
    """

    def __init__(self, arrival: Arrival, what: str, limits: ArchiveLimits = LIMITS) -> None:
        self._arrival = arrival
        self._what = what
        self._limits = limits
        self._seen = 0
        self._facts = 0
        self._inflated = 0
        self.metadata: bytes | None = None

    def documents(self) -> Iterator[ReleaseDocument]:
        """Every `*.json` at the root, in the order in which they come.

        Raises:
            IntegrityError: one is damaged, or the directory does not confirm what was given out.
        """
        end = 0
        while (member := self._next()) is not None:
            document = self._document(member)
            end = self._arrival.position
            if document is not None:
                yield document
        self._arrival.finish()
        with self._whole() as archive:
            self._confirm(archive, end)
            yield from archive.documents(end)
            self.metadata = archive.metadata()

    def _whole(self) -> ReleaseArchive:
        try:
            return ReleaseArchive(self._arrival.path, self._what, self._limits)
        except FileNotFoundError as error:
            raise Unavailable(self._what, "was deleted by somebody else while it was read") from error

    def _next(self) -> Member | None:
        """The next member's own head; None if there is none, or it leaves anything to the directory."""
        offset = self._arrival.position
        head = self._arrival.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        mark, _, flags, method, _, _, crc, packed, size, named, extra = _HEAD.unpack(head)
        if mark != b"PK\3\4" or flags & (_SIZES_FOLLOW | ENCRYPTED) or _IN_EXTRA in (packed, size):
            return None
        if max(packed, size) > self._limits.member:
            return None
        name = bytes(self._arrival.read(named))
        self._arrival.skip(extra)
        return (name, flags, method, crc, packed, size, offset) if len(name) == named else None

    def _document(self, member: Member) -> ReleaseDocument | None:
        name, _, _, _, packed, size, _ = member
        self._seen += 1
        self._facts += _fact(member)
        if not is_document(name):
            self._arrival.skip(packed)
            return None
        body = self._arrival.read(packed)
        self._inflated += size
        if self._inflated > max(self._limits.harmless, self._limits.ratio * self._arrival.position):
            raise IntegrityError(self._what, "would inflate to far more than its own size", ADVICE)
        return ReleaseDocument(name_of(member, self._what), unpacked(member, body, self._what))

    def _confirm(self, archive: ReleaseArchive, end: int) -> None:
        """Have the directory say the same, in whatever order, of what was given out, all of which is before `end`."""
        seen = facts = 0
        for member in archive.members():
            if member[-1] < end:
                seen += 1
                facts += _fact(member)
        if (seen, facts) != (self._seen, self._facts):
            raise IntegrityError(self._what, "has a directory that does not fit its members", ADVICE)


class Given:
    """Remembers in flat memory which documents were given out, so that their archive can be read a second time."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._digest = hashlib.sha256()

    def fresh(self, documents: Generator[ReleaseDocument, None, None]) -> Iterator[ReleaseDocument]:
        """The documents that were not given out yet.

        Raises:
            IntegrityError: the others are not those that were.
        """
        known, seen, again = self._count, 0, hashlib.sha256()
        with closing(documents):
            for document in documents:
                seen += 1
                if seen > known:
                    self._count = seen
                    _note(self._digest, document)
                    yield document
                    continue
                _note(again, document)
                if seen == known and again.digest() != self._digest.digest():
                    raise IntegrityError(self._what, "was replaced by another while it was read", ADVICE)
        if seen < known:
            raise IntegrityError(self._what, "was replaced by another while it was read", ADVICE)


def _note(digest: hashlib._Hash, document: ReleaseDocument) -> None:
    name = document.name.encode("utf-8", "surrogatepass")
    digest.update(b"%d %d " % (len(name), len(document.data)))
    digest.update(name)
    digest.update(document.data)


def _fact(member: Member) -> int:
    """A number that stands for a member; of its flags, for what they say of its name."""
    name, flags, *facts = member
    return int.from_bytes(hashlib.sha256(repr((name, flags & UTF8, *facts)).encode()).digest())
