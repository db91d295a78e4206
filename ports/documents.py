"""Reading and writing annotation documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..domain.document import AnnotationDocument
    from ..domain.metadata import DatasetMetadata


class DocumentCodec(Protocol):
    """The native annotation document, Darwin JSON 2.0, to and from bytes."""

    def read(self, data: bytes, source: str = "") -> AnnotationDocument:
        """Read a document; unknown fields are kept. Version 1.0 is read as well.

        Raises:
            InvalidDocument: with `source`, the JSON path, and what was expected there.
        """
        ...

    def write(self, document: AnnotationDocument) -> bytes:
        """Write Darwin JSON 2.0, UTF-8, compact. `read(write(document))` equals `document`; deterministic."""
        ...

    def add_local_paths(self, data: bytes, paths: Mapping[str, str]) -> bytes:
        """A document that `read` accepts, with `local_path` set on each source file whose URL is in `paths`.

        Nothing else in it changes.
        """
        ...

    def read_metadata(self, data: bytes, source: str = "") -> DatasetMetadata:
        """Read `.v7/metadata.json`: classes and property definitions.

        Raises:
            InvalidDocument: as `read`.
        """
        ...

    def write_metadata(self, metadata: DatasetMetadata) -> bytes:
        """Write `.v7/metadata.json`, UTF-8, deterministic."""
        ...
