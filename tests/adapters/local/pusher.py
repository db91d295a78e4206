"""A process that pushes a folder into a hub, exports it if asked to, and may be killed at any moment.

    pusher.py HUB FOLDER [RELEASE]

Says "ready" before it begins. Running it again completes what an earlier run left.
"""

from __future__ import annotations

import sys
from pathlib import Path

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import DatasetNotFound, NameTaken
from groundtruth.domain.item import ItemQuery
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.release import ExportOptions
from groundtruth.domain.upload import NewItem, NewSlot, UploadOptions
from groundtruth.ports.annotations import ImportMode
from groundtruth.ports.media import MediaInfo
from groundtruth.testing.scenario import car, nothing

BATCH = 40


class NoProbe:
    """Says nothing of any file."""

    def probe(self, path: Path, name: str) -> MediaInfo:
        return MediaInfo()


def open_hub(root: Path) -> LocalHub:
    return LocalHub(root, DarwinJsonCodec(), NoProbe(), SystemClock())


def open_dataset(hub: LocalHub) -> Dataset:
    reference = DatasetReference("team", "photos")
    try:
        return hub.get_dataset(reference)
    except DatasetNotFound:
        try:
            return hub.create_dataset("team", "photos")
        except NameTaken:
            return hub.get_dataset(reference)


def push(hub: LocalHub, dataset: Dataset, folder: Path) -> None:
    files = sorted(folder.iterdir())
    for start in range(0, len(files), BATCH):
        items = [NewItem(file.name, (NewSlot("0", file.name, (file,)),)) for file in files[start : start + BATCH]]
        uploads = hub.register(dataset, items, UploadOptions()).uploads
        for upload in uploads:
            hub.put(upload, nothing)
        hub.confirm(uploads)


def annotate(hub: LocalHub, dataset: Dataset) -> None:
    for item in hub.list_items(dataset, ItemQuery()):
        hub.import_annotations(dataset, item.id, [car(), car(x=2.0)], [], ImportMode.OVERWRITE)


def main(root: str, folder: str, *releases: str) -> None:
    with open_hub(Path(root)) as hub:
        print("ready", flush=True)
        dataset = open_dataset(hub)
        push(hub, dataset, Path(folder))
        if releases and releases[0] not in {release.name for release in hub.list_releases(dataset)}:
            annotate(hub, dataset)
            hub.create_release(dataset, releases[0], ExportOptions())


if __name__ == "__main__":
    main(*sys.argv[1:])
