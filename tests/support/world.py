"""All fakes, and the use cases over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import (
    FakeClock,
    MemoryFiles,
    MemoryFrameExtractor,
    MemoryHub,
    MemoryLibrary,
    MemoryProgress,
    MemoryRunner,
    MemoryTransfer,
    fake_image,
    fake_video,
)
from groundtruth.application.import_annotations import ImportAnnotations, ImportOptions, ImportReport
from groundtruth.application.pull import PullOptions, PullRelease, PullReport
from groundtruth.application.push import PushItems, PushOptions, PushReport
from groundtruth.application.releases import ExportRelease
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.item import Item, ItemQuery
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.release import ExportOptions, Release

REFERENCE = DatasetReference("team", "set")
PHOTOS = Path("/photos")


def photos() -> dict[str, bytes]:
    """Two images of one name, a video, and a file that is no medium."""
    return {
        "/photos/day1/a.png": fake_image(30, 20),
        "/photos/day2/a.png": fake_image(30, 21),
        "/photos/clip.mp4": fake_video(64, 48, 6, 3.0),
        "/photos/notes.txt": b"no picture",
    }


def document(name: str, *annotations: dict[str, Any], path: str = "/", **item: Any) -> bytes:
    """A Darwin JSON document."""
    body = {"version": "2.0", "item": {"name": name, "path": path, **item}, "annotations": list(annotations)}
    return json.dumps(body).encode()


def box(name: str = "car", **fields: Any) -> dict[str, Any]:
    """A box annotation as Darwin JSON has it."""
    return {"name": name, "slot_names": ["0"], "bounding_box": {"x": 1, "y": 2, "w": 3, "h": 4}, **fields}


@attrs.define
class World:
    """A hub with the empty dataset `team/set`, a library, files to push, and the use cases."""

    library: MemoryLibrary
    files: MemoryFiles = attrs.field(factory=lambda: MemoryFiles(photos()))
    clock: FakeClock = attrs.field(factory=FakeClock)
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)
    runner: MemoryRunner = attrs.field(factory=MemoryRunner)
    frames: MemoryFrameExtractor = attrs.field(factory=MemoryFrameExtractor)
    codec: DarwinJsonCodec = attrs.field(factory=DarwinJsonCodec)
    hub: MemoryHub = attrs.field(init=False)
    transfer: MemoryTransfer = attrs.field(init=False)
    dataset: Dataset = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.hub = MemoryHub(self.codec, self.clock, read=self.files.read)
        self.transfer = MemoryTransfer(self.hub.source)
        self.dataset = self.hub.create_dataset("team", "set")

    @property
    def images(self) -> Path:
        """Folder of the pulled media."""
        return self.library.folder(REFERENCE) / "images"

    def put(self, **contents: bytes) -> None:
        """Replace the files to push by images in the root: `put(a=...)` is `/photos/a.png`."""
        self.files.tree = {PHOTOS / f"{name}.png": content for name, content in contents.items()}

    def push(self, *paths: str, **options: Any) -> PushReport:
        push = PushItems(self.hub, self.hub, self.files, self.runner, self.progress)
        return push(REFERENCE, [Path(path) for path in paths] or [PHOTOS], PushOptions(**options))

    def export(self, name: str = "0.1", **options: Any) -> Release:
        return ExportRelease(self.hub, self.hub)(REFERENCE, name, ExportOptions(**options))

    def pull(self, release: str | None = None, **options: Any) -> PullReport:
        parts = (self.hub, self.hub, self.library, self.transfer, self.codec, self.frames, self.clock, self.progress)
        reference = REFERENCE.at(release) if release else REFERENCE
        return PullRelease(*parts)(reference, PullOptions(**options))

    def import_(self, *paths: str, **options: Any) -> ImportReport:
        parts = (self.hub, self.hub, self.hub, self.hub, self.files, self.codec, self.progress)
        return ImportAnnotations(*parts)(REFERENCE, [Path(path) for path in paths], ImportOptions(**options))

    def items(self) -> dict[str, Item]:
        """Every item by full path."""
        return {item.full_path: item for item in self.hub.list_items(self.dataset, ItemQuery(statuses=()))}

    def release(self, *documents: bytes, name: str = "0.1", metadata: bytes | None = None) -> Release:
        """A release with exactly these documents, as another hub might have made it."""
        self.put(seed=fake_image(1, 1))
        self.push()
        made = self.export(name)
        record = self.hub.state.datasets[self.dataset.id].releases[name]
        frozen = tuple(attrs.evolve(record.documents[0], name=f"{n}.json", data=d) for n, d in enumerate(documents))
        record.documents, record.metadata = frozen, metadata
        return made

    def slot(self, name: str, content: bytes, slot: str = "0", kind: str = "image") -> dict[str, Any]:
        """A slot of a document, whose file the hub has."""
        url = self.hub.source.add(content)
        return {"slot_name": slot, "type": kind, "source_files": [{"file_name": name, "url": url}]}
