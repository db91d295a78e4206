"""Release zips that are read while they come: the members are in front, and the directory at the end confirms them.

What is given out before the directory is there is given out on the word of each member's own head. So in the end the
directory has to say the same, member by member, or the whole archive is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from struct import Struct

from ...domain.errors import IntegrityError
from ...ports.releases import ReleaseDocument
from .archive import ADVICE, ENCRYPTED, LIMITS, ArchiveLimits, Member, ReleaseArchive, is_document, name_of, unpacked
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
        while (member := self._next()) is not None:
            document = self._document(member)
            if document is not None:
                yield document
        self._arrival.finish()
        with ReleaseArchive(self._arrival.path, self._what, self._limits) as archive:
            self._confirm(archive)
            yield from archive.documents(self._seen)
            self.metadata = archive.metadata()

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
        self._arrival.read(extra)
        return name, flags, method, crc, packed, size, offset

    def _document(self, member: Member) -> ReleaseDocument | None:
        name, _, _, _, packed, size, _ = member
        body = self._arrival.read(packed)
        self._seen += 1
        self._facts += _fact(member)
        if not is_document(name):
            return None
        self._inflated += size
        if self._inflated > max(self._limits.harmless, self._limits.ratio * self._arrival.position):
            raise IntegrityError(self._what, "would inflate to far more than its own size", ADVICE)
        return ReleaseDocument(name_of(member, self._what), unpacked(member, body, self._what))

    def _confirm(self, archive: ReleaseArchive) -> None:
        """Have the directory say the same of what was given out. Where all was, its order does not matter."""
        if sum(map(_fact, islice(archive.members(), self._seen))) != self._facts:
            raise IntegrityError(self._what, "has a directory that does not fit its members", ADVICE)


def _fact(member: Member) -> int:
    return int.from_bytes(hashlib.sha256(repr(member).encode()).digest())
