"""Contract of `ports.uploads.UploadIntake`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from ..domain.dataset import Dataset
from ..domain.errors import ObjectNotFound, Truncated, Unavailable
from ..domain.item import ItemQuery, ItemStatus
from ..domain.names import RemotePath
from ..domain.upload import NewItem, PendingUpload
from ..ports.hub import ServableHub
from .scenario import PIXEL, HubContract, Workbench
from .uploads import UNKNOWN_UPLOAD


class UploadIntakeContract(HubContract):
    """How every hub of this machine takes bytes from elsewhere."""

    def test_upload_is_found(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        slots = (
            attrs.evolve(bench.slot(PIXEL, "left ☀️", "a.mp4"), fps=2.5, as_frames=True),
            attrs.evolve(bench.slot(PIXEL, "1", "b.dcm"), fps="native", extract_views=True),
        )
        uploads = bench.register(dataset, NewItem("clip", slots, RemotePath("/día"))).uploads
        for upload in uploads:
            expected = attrs.evolve(upload, slot=attrs.evolve(upload.slot, sources=()))
            assert hub.find_upload(self.team, upload.upload_id) == expected

    def test_upload_of_nobody(self, hub: ServableHub, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        one, gone = bench.register(dataset, bench.item("/a.png"), bench.item("/gone.png")).uploads
        (lost,) = bench.register(second, bench.item("/a.png")).uploads
        hub.delete_items(dataset, [gone.item_id])
        hub.remove_dataset(second)
        unknown = (UNKNOWN_UPLOAD, "", gone.upload_id, lost.upload_id)
        for team, upload_id in (("another-team", one.upload_id), *((self.team, upload) for upload in unknown)):
            with pytest.raises(ObjectNotFound):
                hub.find_upload(team, upload_id)
        for upload in (attrs.evolve(one, upload_id=UNKNOWN_UPLOAD), gone, lost):
            with pytest.raises(ObjectNotFound):
                hub.receive(upload, [b"content"], 7)

    def test_uploads_are_found_in_the_order_asked_for(
        self, hub: ServableHub, dataset: Dataset, bench: Workbench
    ) -> None:
        uploads = bench.register(dataset, *(bench.item(f"/{name}.png") for name in "abc")).uploads
        ids = [uploads[place].upload_id for place in (2, 0, 1, 0)]
        assert hub.find_uploads(self.team, ids) == [hub.find_upload(self.team, upload_id) for upload_id in ids]
        assert list(hub.find_uploads(self.team, [])) == []
        for team, asked in (("another-team", ids[:1]), (self.team, [*ids, UNKNOWN_UPLOAD])):
            with pytest.raises(ObjectNotFound) as caught:
                hub.find_uploads(team, asked)
            assert caught.value.name == asked[-1]

    def test_several_contents_are_received(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        uploads = bench.register(dataset, *(bench.item(f"/{name}.png") for name in "abcd")).uploads
        a, b, c, gone = (upload.upload_id for upload in uploads)
        hub.delete_items(dataset, [uploads[3].item_id])
        bench.put(uploads[2:3])
        hub.confirm(uploads[2:3])
        contents = [
            (a, b"first"),
            (gone, b"x"),
            (UNKNOWN_UPLOAD, b"x"),
            ("../../outside", b"x"),
            (b, memoryview(b"0123456789")[2:]),
            (c, b"other bytes than those that were confirmed"),
            (a, b"second"),
        ]
        refused = hub.receive_all(self.team, contents)
        assert {type(error) for error in refused.values()} == {ObjectNotFound}
        assert refused.keys() - {c} == {gone, UNKNOWN_UPLOAD, "../../outside"}
        assert hub.receive_all("another-team", [(a, b"of others")]).keys() == {a}
        assert hub.receive_all(self.team, []) == {}
        before = bench.listed(dataset)["/c.png"]
        hub.confirm(uploads[:3])
        listed = bench.listed(dataset)
        assert (listed["/a.png"].size, listed["/b.png"].size, listed["/c.png"]) == (6, 8, before)
        (source,) = listed["/b.png"].slots[0].source_files
        stream = hub.source.open(source.url or "")
        assert b"".join(stream.chunks()) == b"23456789"
        stream.close()

    def test_received_bytes_are_the_items(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        contents = {"/a.png": [b"", PIXEL[:7], b"", PIXEL[7:]], "/empty.png": [], "/large.png": [bytes(1 << 20)] * 5}
        uploads = bench.register(dataset, *(bench.item(path) for path in contents)).uploads
        for upload in uploads:
            chunks = contents[upload.item_path]
            hub.receive(hub.find_upload(self.team, upload.upload_id), iter(chunks), sum(map(len, chunks)))
        assert set(bench.statuses(dataset).values()) == {"uploading"}
        hub.confirm([hub.find_upload(self.team, upload.upload_id) for upload in uploads])
        for path, item in bench.listed(dataset).items():
            content = b"".join(contents[path])
            (source,) = item.slots[0].source_files
            assert (item.status, item.size, source.file_name) == (ItemStatus.NEW, len(content), path[1:])
            stream = hub.source.open(source.url or "")
            assert b"".join(stream.chunks()) == content
            stream.close()

    @pytest.mark.parametrize("chunks", [[], [b"123456789"], [b"12345", b"678901"], itertools.repeat(b"x" * 999)])
    def test_other_sizes_are_refused(
        self, hub: ServableHub, dataset: Dataset, bench: Workbench, chunks: Iterable[bytes]
    ) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        with pytest.raises(Truncated):
            hub.receive(upload, chunks, 10)
        with pytest.raises(ObjectNotFound):
            hub.confirm([upload])
        hub.receive(upload, [b"1234567890"], 10)
        with pytest.raises(Truncated):
            hub.receive(upload, chunks, 10)
        hub.confirm([upload])
        assert bench.listed(dataset)["/a.png"].size == 10

    def test_broken_stream_leaves_nothing(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        def broken() -> Iterator[bytes]:
            yield b"12345"
            raise Unavailable("the client", "went away")

        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        with pytest.raises(Unavailable):
            hub.receive(upload, broken(), 5)
        with pytest.raises(ObjectNotFound):
            hub.confirm([upload])

    def test_last_received_counts(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        bench.put([upload])
        for content in (b"first", b"first", b"second"):
            hub.receive(upload, [content], len(content))
        hub.confirm([upload])
        assert bench.listed(dataset)["/a.png"].size == len(b"second")
        hub.receive(upload, [b"second"], 6)
        hub.confirm([upload])
        assert bench.statuses(dataset) == {"/a.png": "new"}

    def test_many_are_received_and_confirmed_at_once(
        self, hub: ServableHub, dataset: Dataset, bench: Workbench
    ) -> None:
        uploads = bench.register(dataset, *(bench.item(f"/{number}.png") for number in range(120))).uploads
        lost = attrs.evolve(uploads[0], upload_id=UNKNOWN_UPLOAD)

        def take(upload: PendingUpload) -> str:
            content = upload.item_path.encode() * 100
            hub.receive(upload, [content[:50], content[50:]], len(content))
            with pytest.raises(ObjectNotFound):
                hub.confirm([lost])
            hub.confirm([upload])
            return bench.listed(dataset, ItemQuery(ids=(upload.item_id,)))[upload.item_path].status

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(take, uploads)) == {ItemStatus.NEW}
        sizes = {path: item.size for path, item in bench.listed(dataset).items()}
        assert sizes == {upload.item_path: len(upload.item_path.encode()) * 100 for upload in uploads}

    def test_same_bytes_received_twice_at_once(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        """A client that got no answer in time sends the bytes again, while the first are still coming."""
        uploads = bench.register(dataset, *(bench.item(f"/{number}.png") for number in range(30))).uploads

        def take(upload: PendingUpload) -> None:
            hub.receive(upload, [b"the same bytes"], 14)
            hub.confirm([upload])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(take, [upload for upload in uploads for _ in range(3)]))
        assert set(bench.statuses(dataset).values()) == {"new"}
