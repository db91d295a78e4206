"""Digests and manifests: what bytes a thing consists of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs

from .errors import InvalidInput

_HEX = re.compile(r"[0-9a-f]{64}")


@attrs.frozen(order=True)
class Digest:
    """A SHA-256 digest, written `sha256:<64 hex digits>`."""

    value: str

    def __attrs_post_init__(self) -> None:
        if not _HEX.fullmatch(self.value):
            raise InvalidInput(f"digest {self.value!r}", "is not 64 lower-case hex digits")

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read `sha256:<hex>`.

        Raises:
            InvalidInput: another algorithm, or not hex.
        """
        algorithm, _, value = text.partition(":")
        if algorithm != "sha256":
            raise InvalidInput(f"digest {text!r}", "is not a sha256 digest")
        return cls(value)

    def __str__(self) -> str:
        return f"sha256:{self.value}"


@attrs.frozen
class ManifestEntry:
    """One file: POSIX path relative to the manifest's root, size in bytes, digest (None: not known)."""

    path: str
    size: int
    digest: Digest | None = None


@attrs.frozen
class Manifest:
    """The files of a whole, each path once."""

    entries: tuple[ManifestEntry, ...] = attrs.field(converter=tuple)

    def __attrs_post_init__(self) -> None:
        if len({entry.path for entry in self.entries}) != len(self.entries):
            raise InvalidInput("manifest", "lists a path twice")

    def __iter__(self) -> Iterator[ManifestEntry]:
        return iter(self.entries)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(entry.size for entry in self.entries)


def first_difference(one: Iterable[ManifestEntry], other: Iterable[ManifestEntry]) -> str | None:
    """Path of the first file (in path order) that is missing or differs between two manifests, or None."""
    left = {entry.path: entry for entry in one}
    right = {entry.path: entry for entry in other}
    differing = (path for path in sorted(left.keys() | right.keys()) if left.get(path) != right.get(path))
    return next(differing, None)
