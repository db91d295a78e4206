"""A pulled release as the sheet shows it: read from the local library's folders, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from groundtruth import Client
from groundtruth.application.verify import find_local
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.metadata import DatasetMetadata
from groundtruth.domain.placement import PlacedFile, PlacementOptions, place
from groundtruth.domain.reference import parse_reference
from groundtruth.domain.split import PARTITIONS
from groundtruth.ports.library import LocalRelease


@attrs.frozen
class Entry:
    """An item: its annotations, its media file, and the partition it is in (empty: none)."""

    document: AnnotationDocument
    media: Path
    partition: str

    @property
    def name(self) -> str:
        return self.document.item.name

    @property
    def is_video(self) -> bool:
        return self.document.item.slots[0].type == "video"


@attrs.frozen
class Album:
    """A pulled release with its classes and its items, photos before clips, each by folder and name."""

    release: LocalRelease
    metadata: DatasetMetadata
    entries: tuple[Entry, ...]


def read(client: Client, reference: str) -> Album:
    """Read the release a reference names.

    Raises:
        ReleaseNotFound: it was not pulled.
    """
    library, codec = client.container.library(), client.container.codec()
    release = find_local(library, parse_reference(reference))
    partitions = dict(_partitions(release.path / "lists" / "default"))
    entries = []
    for path in library.annotation_files(release):
        document = codec.read(path.read_bytes(), str(path))
        media = _media(document, library.folder(release.reference) / "images")
        entries.append(Entry(document, media, partitions.get(path.name, "")))
    entries.sort(key=lambda entry: (entry.is_video, entry.document.item.full_path))
    metadata = codec.read_metadata((release.path / "annotations" / ".v7" / "metadata.json").read_bytes())
    return Album(release, metadata, tuple(entries))


def _media(document: AnnotationDocument, images: Path) -> Path:
    placed = next(iter(place(document.item, PlacementOptions())))
    assert isinstance(placed, PlacedFile)
    return images / placed.target


def _partitions(lists: Path) -> Iterator[tuple[str, str]]:
    for partition in PARTITIONS:
        for line in (lists / f"random_{partition}.txt").read_text(encoding="utf-8").splitlines():
            yield Path(line).name, partition
