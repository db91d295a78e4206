from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import (
    IntegrityError,
    NotReadable,
    NotWritable,
    ObjectNotFound,
    Truncated,
)
from groundtruth.domain.item import Item
from groundtruth.domain.upload import NewItem, NewSlot
from groundtruth.testing.scenario import PIXEL, Workbench, nothing


def blob_files(root: Path) -> list[Path]:
    return [path for path in (root / "blobs").rglob("*") if path.is_file()]


def waiting(root: Path) -> list[Path]:
    return list((root / "incoming").iterdir())


def url_of(item: Item) -> str:
    url = item.slots[0].source_files[0].url
    assert url is not None
    return url


def read(hub: LocalHub, url: str, start: int = 0, validator: str | None = None) -> bytes:
    stream = hub.source.open(url, start, validator)
    try:
        return b"".join(stream.chunks())
    finally:
        stream.close()


# --- storing ----------------------------------------------------------------------------------------


def test_same_bytes_are_stored_once(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench) -> None:
    contents = [PIXEL, PIXEL, PIXEL + b"other"]
    items = bench.push(dataset, *(bench.item(f"/{n}.png", content) for n, content in enumerate(contents)))
    digests = {hashlib.sha256(content).hexdigest() for content in contents}
    assert {path.name for path in blob_files(root)} == digests
    assert all(path.parent.name == path.name[:2] for path in blob_files(root))
    assert waiting(root) == []
    assert [read(hub, url_of(item)) for item in items] == contents


def test_bytes_are_stored_once_across_datasets(hub: LocalHub, root: Path, bench: Workbench) -> None:
    for name in ("a", "b"):
        bench.push(hub.create_dataset("team", name), bench.item("/x.png", PIXEL))
    assert len(blob_files(root)) == 1


def test_large_file_is_copied_in_pieces(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    content = os.urandom(1 << 20) * 3 + b"tail"
    item = bench.item("/a.png", content)
    (upload,) = bench.register(dataset, item).uploads
    sent: list[int] = []
    hub.put(upload, sent.append)
    hub.confirm([upload])
    assert (sum(sent), len(sent)) == (len(content), 4)
    assert read(hub, url_of(bench.listed(dataset)["/a.png"])) == content


def test_second_put_leaves_nothing_of_the_first(
    hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench
) -> None:
    (upload,) = bench.register(dataset, bench.item("/a.png", b"one")).uploads
    bench.put([upload, attrs.evolve(upload, slot=bench.slot(b"two"))])
    assert [path.read_bytes() for path in waiting(root)] == [b"two"]


def test_failed_put_leaves_nothing(root: Path, hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (upload,) = bench.register(dataset, bench.item("/a.png", PIXEL)).uploads
    bench.put([upload])
    before = waiting(root)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.put(upload, interrupt)
    assert waiting(root) == before


def test_named_pipe_is_refused(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
    upload.slot.sources[0].unlink()
    os.mkfifo(upload.slot.sources[0])
    with pytest.raises(NotReadable, match="not a file"):
        hub.put(upload, nothing)


def test_bytes_put_through_one_hub_can_be_confirmed_through_another(
    open_hub: Callable[[], LocalHub], dataset: Dataset, bench: Workbench, root: Path, probe: object
) -> None:
    uploads = bench.register(dataset, bench.item("/a.png", b"first 8x9"), bench.item("/b.png", b"10x11")).uploads
    bench.put([uploads[0], attrs.evolve(uploads[0], slot=bench.slot(b"then 12x13")), uploads[1]])
    open_hub().confirm(uploads)
    listed = bench.listed(dataset)
    assert [(item.slots[0].width, item.size) for item in (listed["/a.png"], listed["/b.png"])] == [(12, 10), (10, 5)]
    assert waiting(root) == []
    bench.hub.confirm(uploads)


def test_half_a_file_is_not_confirmed(open_hub: Callable[[], LocalHub], dataset: Dataset, bench: Workbench) -> None:
    (upload,) = bench.register(dataset, bench.item("/a.png", PIXEL)).uploads
    bench.put([upload])
    (path,) = waiting(open_hub().root)
    os.truncate(path, 10)
    with pytest.raises(ObjectNotFound):
        open_hub().confirm([upload])


def test_confirm_goes_on_after_a_failure(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench) -> None:
    uploads = bench.register(dataset, bench.item("/a.png"), bench.item("/b.png")).uploads
    bench.put(uploads)
    lost = max(waiting(root), key=lambda path: path.name.startswith(uploads[1].upload_id))
    content = lost.read_bytes()
    lost.unlink()
    with pytest.raises(ObjectNotFound):
        hub.confirm(uploads)
    assert set(bench.statuses(dataset).values()) == {"uploading"}
    lost.write_bytes(content)
    hub.confirm(uploads)
    assert set(bench.statuses(dataset).values()) == {"new"}
    assert hub.check().is_clean


def test_second_push_with_other_bytes_is_told(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    one = bench.register(dataset, bench.item("/a.png", b"one")).uploads
    other = bench.register(dataset, bench.item("/a.png", b"other")).uploads
    bench.put(one)
    hub.confirm(one)
    with pytest.raises(ObjectNotFound, match="other bytes"):
        bench.put(other)
    assert read(hub, url_of(bench.listed(dataset)["/a.png"])) == b"one"


# --- what is known of media -------------------------------------------------------------------------


def test_media_is_looked_at_once(dataset: Dataset, bench: Workbench, probe: object) -> None:
    items = bench.push(dataset, *(bench.item(f"/{n}.png", b"64x48 pixels") for n in range(3)))
    (again,) = bench.push(dataset, bench.item("/again.png", b"64x48 pixels"))
    assert {(item.slots[0].width, item.slots[0].height) for item in (*items, again)} == {(64, 48)}
    assert vars(probe)["looked"] == 3


@pytest.mark.parametrize(
    ("wanted", "fps", "frames"), [(0, 10.0, 25), ("native", 10.0, 25), (5, 5.0, 13), (2.5, 2.5, 7), (30, 10.0, 25)]
)
def test_video_is_shown_at_the_rate_asked_for(
    dataset: Dataset, bench: Workbench, wanted: float | str, fps: float, frames: int
) -> None:
    slot = attrs.evolve(bench.slot(b"320x240 @10x25", file_name="clip.mp4"), fps=wanted)
    (item,) = bench.push(dataset, NewItem("clip.mp4", (slot,)))
    shown = item.slots[0]
    assert (shown.type, shown.width, shown.fps, shown.frame_count) == ("video", 320, fps, frames)


# --- series -----------------------------------------------------------------------------------------


def test_series_is_one_zip(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    sources = [bench.file(b"slice 2"), bench.file(b"slice 1"), tmp_path / "x" / "0.png"]
    sources[2].write_bytes(b"slice 3")
    slot = NewSlot("0", "scan.dcm", tuple(sources))
    (item,) = bench.push(dataset, NewItem("scan", (slot,)))
    (path,) = blob_files(root)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["0.png", "1.png", "0_2.png"]
        assert [archive.read(name) for name in archive.namelist()] == [b"slice 2", b"slice 1", b"slice 3"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    assert (item.slots[0].type, item.size) == ("dicom", path.stat().st_size)
    for source in sources:
        os.utime(source, (1, 1))
    bench.push(dataset, NewItem("again", (slot,)))
    assert blob_files(root) == [path]


def test_series_with_a_missing_file(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench) -> None:
    slot = NewSlot("0", "scan.dcm", (bench.file(b"slice 1"), bench.folder / "missing.dcm"))
    uploads = bench.register(dataset, NewItem("scan", (slot,))).uploads
    with pytest.raises(NotReadable, match=r"missing\.dcm"):
        hub.put(uploads[0], nothing)
    assert waiting(root) == []


# --- reading ----------------------------------------------------------------------------------------


def test_reading_from_the_middle(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    content = os.urandom(2_500_000)
    (item,) = bench.push(dataset, bench.item("/a.png", content))
    digest = hashlib.sha256(content).hexdigest()
    stream = hub.source.open(url_of(item), 1_000_000, digest)
    assert (stream.start, stream.size, stream.validator) == (1_000_000, len(content), digest)
    chunks = list(stream.chunks())
    stream.close()
    stream.close()
    assert b"".join(chunks) == content[1_000_000:]
    assert max(map(len, chunks)) <= 1 << 20
    for validator in (None, "0" * 64):
        assert read(hub, url_of(item), 1_000_000, validator) == content
    assert read(hub, url_of(item), len(content), digest) == b""
    assert hub.source.schemes == {"blob", "storage"}


@pytest.mark.parametrize(
    "url", ["blob:sha256/" + "0" * 64, "blob:sha256/../../x", "blob:md5/0", "file:///etc/passwd", "blob:"]
)
def test_unknown_blob(hub: LocalHub, dataset: Dataset, url: str) -> None:
    with pytest.raises(ObjectNotFound):
        hub.source.open(url)


def test_damaged_blobs(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, bench.item("/a.png", b"content"))
    (path,) = blob_files(root)
    os.truncate(path, 3)
    with pytest.raises(Truncated):
        hub.source.open(url_of(item))
    path.unlink()
    with pytest.raises(ObjectNotFound, match="fsck"):
        hub.source.open(url_of(item))
    path.mkdir()
    with pytest.raises((IntegrityError, NotReadable)):
        read(hub, url_of(item))


def test_pushing_the_same_bytes_repairs_a_blob(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, bench.item("/a.png", b"content"))
    (path,) = blob_files(root)
    for damaged in (b"CONTENT", b"con", None):
        path.unlink() if damaged is None else path.write_bytes(damaged)
        assert not hub.check().is_clean
        bench.push(dataset, bench.item(f"/{damaged!r}.png", b"content"))
        assert read(hub, url_of(item)) == b"content"
        assert hub.check().is_clean


def test_folder_that_cannot_be_written(hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
    root.chmod(0o500)
    try:
        with pytest.raises(NotWritable):
            hub.put(upload, nothing)
    finally:
        root.chmod(0o700)
