"""What the hub suites share: fixtures, and a workbench that puts items into a hub.

A suite is a class of pytest tests. Subclass it and provide the hub:

    class TestMyHub(AnnotationHubContract):
        @pytest.fixture
        def hub(self):
            with MyHub(...) as hub:
                yield hub
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from ..domain.annotation import Annotation
from ..domain.classes import AnnotationClass
from ..domain.dataset import Dataset
from ..domain.geometry import Box
from ..domain.item import Item, ItemQuery
from ..domain.names import RemotePath
from ..domain.release import ExportOptions, Release, ReleaseStatus
from ..domain.shapes import RASTER_LAYER_CLASS, BoundingBox
from ..domain.upload import NewItem, NewSlot, PendingUpload, Registration, UploadOptions
from ..ports.hub import AnnotationHub

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
"""A PNG of one pixel. Bytes after its end are no fault, which makes many different images of it."""

EVERYTHING = ItemQuery(statuses=())

HOSTILE_NAMES = (
    "día ☀️ 🦊.jpg",
    "line\nbreak.jpg",
    "tab\tand 'quotes\" `$(x)`;--.jpg",
    "..hidden...jpg",
    "back\\slash.jpg",
    "%2e%2e%2fa_?#&=.jpg",
    "A.JPG",
    "a.jpg",
    "x" * 251 + ".jpg",
    "é" * 125 + ".jpg",
    " blanks around .jpg ",
)
"""Names that are allowed and often mistreated; two differ in case only."""


def nothing(_: int) -> None:
    """Take no note of the bytes sent."""


def car(annotation_id: str | None = None, x: float = 1.0, name: str = "car", **changes: Any) -> Annotation:
    """A box annotation of class `name` whose left edge is `x`."""
    shape = BoundingBox(Box(x, 2.0, 30.0, 20.0))
    return Annotation(name, shape, id=annotation_id, slot_names=("0",), **changes)


def uuid(number: int) -> str:
    """A fixed UUID for an annotation."""
    return f"00000000-0000-4000-8000-{number:012d}"


def without_builtin(classes: Sequence[AnnotationClass]) -> list[AnnotationClass]:
    """Classes except the one for raster layers, which a hub may have by itself."""
    return [one for one in classes if one.name != RASTER_LAYER_CLASS]


@attrs.define
class Workbench:
    """Makes files and pushes them, all into one hub."""

    hub: AnnotationHub
    folder: Path
    _numbers: Iterator[int] = attrs.field(factory=itertools.count, init=False)

    def file(self, content: bytes) -> Path:
        """A new local file with that content."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{next(self._numbers)}.png"
        path.write_bytes(content)
        return path

    def slot(self, content: bytes, name: str = "0", file_name: str = "a.png") -> NewSlot:
        """A slot with one new file."""
        return NewSlot(name, file_name, (self.file(content),))

    def item(self, full_path: str, *contents: bytes) -> NewItem:
        """An item with one slot per content, named "0", "1" ...; by default one image of its own."""
        folder, _, name = full_path.rpartition("/")
        slots = [
            self.slot(content, str(position), name)
            for position, content in enumerate(contents or [PIXEL + full_path.encode()])
        ]
        return NewItem(name, slots, RemotePath(folder))

    def register(self, dataset: Dataset, *items: NewItem) -> Registration:
        """Announce items."""
        return self.hub.register(dataset, items, UploadOptions())

    def put(self, uploads: Sequence[PendingUpload]) -> None:
        """Send every upload's bytes."""
        for upload in uploads:
            self.hub.put(upload, nothing)

    def push(self, dataset: Dataset, *items: NewItem | str) -> list[Item]:
        """Push items (or one image for each full path); return them as listed, in the order given."""
        new = [self.item(item) if isinstance(item, str) else item for item in items]
        registration = self.register(dataset, *new)
        assert not registration.blocked
        self.put(registration.uploads)
        self.hub.confirm(registration.uploads)
        listed = self.listed(dataset)
        return [listed[item.full_path] for item in new]

    def listed(self, dataset: Dataset, query: ItemQuery = EVERYTHING) -> dict[str, Item]:
        """Items by full path, each once."""
        items = list(self.hub.list_items(dataset, query))
        found = {item.full_path: item for item in items}
        assert len(found) == len(items), "an item was listed twice"
        return found

    def statuses(self, dataset: Dataset) -> dict[str, str]:
        """Status of every item by full path."""
        return {path: item.status.value for path, item in self.listed(dataset).items()}

    def export(self, dataset: Dataset, name: str, options: ExportOptions | None = None) -> Release:
        """Create a release and wait until it is complete."""
        release = self.hub.create_release(dataset, name, options or ExportOptions())
        for _ in range(200):
            if release.status is not ReleaseStatus.PENDING:
                break
            time.sleep(0.1)
            release = next(one for one in self.hub.list_releases(dataset) if one.name == name)
        assert release.status is ReleaseStatus.COMPLETE
        return release

    def documents(self, release: Release) -> dict[str, Any]:
        """Documents of a release, decoded, by the full path of their item."""
        decoded = [json.loads(document.data) for document in self.hub.documents(release)]
        return {RemotePath(one["item"]["path"]).join(one["item"]["name"]): one for one in decoded}

    def frozen(self, release: Release) -> str:
        """A digest of everything a release gives out."""
        digest = hashlib.sha256(self.hub.metadata(release) or b"none")
        for document in self.hub.documents(release):
            digest.update(f"{document.name}:{len(document.data)}:".encode() + document.data)
        return digest.hexdigest()


class HubContract:
    """Base of the suites of a hub's ports. A subclass provides the fixture `hub`: an empty hub.

    The suites take times from what the hub says, never from a clock of their own: the hub may be elsewhere.
    """

    team = "example-team"
    other_team: str | None = "zebra-team"
    """A second team of the same hub; None if the adapter is bound to one team."""

    declare_storage: Callable[..., None] | None = None
    """Called with hub, team and storage, makes an external storage known to the hub, as its owner would. None: that
    cannot be done here, and what needs one is skipped."""

    many = 1100
    """Number of items in tests of long listings; more than a page of the adapter."""

    @pytest.fixture
    def later(self) -> Callable[[], None]:
        """Lets some seconds pass on the hub's clock. Override it where the clock can be moved; tests hold without."""
        return lambda: None

    @pytest.fixture
    def bench(self, hub: AnnotationHub, tmp_path: Path) -> Workbench:
        """A workbench for the hub."""
        return Workbench(hub, tmp_path / "pushed")

    @pytest.fixture
    def dataset(self, hub: AnnotationHub) -> Dataset:
        """An empty dataset."""
        return hub.create_dataset(self.team, "street-scenes")

    @pytest.fixture
    def second(self, hub: AnnotationHub) -> Dataset:
        """Another dataset of the same team."""
        return hub.create_dataset(self.team, "harbour")

    @pytest.fixture
    def removed(self, hub: AnnotationHub) -> Dataset:
        """A dataset that was removed."""
        dataset = hub.create_dataset(self.team, "gone")
        hub.remove_dataset(dataset)
        return dataset
