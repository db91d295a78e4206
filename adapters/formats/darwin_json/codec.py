"""DarwinJsonCodec: the native annotation document, to and from bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ....domain.errors import NotReadable
from .local_paths import add_local_paths
from .reader import read_document

if TYPE_CHECKING:
    from ....domain.document import AnnotationDocument
    from ....domain.metadata import DatasetMetadata

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_FIRST_READ = 1 << 14
"""Bytes asked for at once: most documents are smaller, and then one system call reads all of it."""


class DarwinJsonCodec:
    """Implements the DocumentCodec port for Darwin JSON 2.0; reads 1.0 as well. Stateless and thread-safe.

    What a method needs is imported when it is first called, for a pull reads documents and does nothing else.
    """

    def read(self, data: bytes, source: str = "") -> AnnotationDocument:
        """Read a document; unknown fields are kept.

        Raises:
            InvalidDocument: with `source`, the JSON path, and what was expected there.
        """
        return read_document(data, source)

    def read_file(self, path: str | os.PathLike[str]) -> AnnotationDocument:
        """Read the document in a file.

        Raises:
            NotReadable: it does not exist or may not be read.
            InvalidDocument: as `read`, with the path as source.
        """
        path = os.fspath(path)
        try:
            # Half the cost of open(path, "rb").read(), which asks for the size and the kind of the file as well.
            descriptor = os.open(path, _FLAGS)
            try:
                data = os.read(descriptor, _FIRST_READ)
                if len(data) == _FIRST_READ:
                    data += _rest(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise NotReadable(path, reason, "Check that it exists and may be read") from error
        return read_document(data, path)

    def write(self, document: AnnotationDocument) -> bytes:
        """Write Darwin JSON 2.0, UTF-8, compact, deterministic.

        Raises:
            InvalidInput: the document holds what JSON cannot, such as an infinite coordinate.
        """
        from .writer import write_document

        return write_document(document)

    def add_local_paths(self, data: bytes, paths: Mapping[str, str]) -> bytes:
        """A document with `local_path` set on each source file whose URL is in `paths`; nothing else changes."""
        return add_local_paths(data, paths)

    def read_metadata(self, data: bytes, source: str = "") -> DatasetMetadata:
        """Read `.v7/metadata.json`.

        Raises:
            InvalidDocument: as `read`.
        """
        from .metadata import read_metadata

        return read_metadata(data, source)

    def write_metadata(self, metadata: DatasetMetadata) -> bytes:
        """Write `.v7/metadata.json`, UTF-8, deterministic.

        Raises:
            InvalidInput: a property of a class that is not among the classes.
        """
        from .metadata import write_metadata

        return write_metadata(metadata)


def _rest(descriptor: int) -> bytes:
    """What is left of a file."""
    pieces: list[bytes] = []
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)
