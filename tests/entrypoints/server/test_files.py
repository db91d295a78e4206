"""Files over HTTP: whole, in part, and conditionally."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.entrypoints.server.darwin.files import is_near
from support.bench import Bench
from support.serving import Serving, serving

CONTENT = bytes(range(100))
LARGE = bytes(range(256)) * 20_000


def test_whole_file(served: Serving, bench: Bench) -> None:
    bench.push("/a.bin", content=CONTENT)
    answer = served.send("GET", bench.file("/a.bin"))
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["content-length"] == "100"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("content", [CONTENT, LARGE], ids=["small", "large"])
class TestRanges:
    @pytest.mark.parametrize(
        "wanted", ["0-0", "0-", "10-19", "99-", "50-1000000000000", "-1", "-30", "-100000000000", " 5 - 9"]
    )
    def test_part(self, served: Serving, bench: Bench, content: bytes, wanted: str) -> None:
        bench.push("/a.bin", content=content)
        answer = served.send("GET", bench.file("/a.bin"), headers={"Range": f"bytes={wanted}"})
        first, _, last = wanted.replace(" ", "").partition("-")
        start = int(first) if first else max(0, len(content) - int(last))
        stop = min(int(last) + 1, len(content)) if first and last else len(content)
        assert (answer.status, answer.body) == (206, content[start:stop])
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"

    @pytest.mark.parametrize(
        "wanted", ["bytes=0-1,5-6", "bytes=9-5", "bytes=-", "bytes=x-y", "items=0-1", "bytes", ""]
    )
    def test_what_is_not_understood_is_ignored(
        self, served: Serving, bench: Bench, content: bytes, wanted: str
    ) -> None:
        bench.push("/a.bin", content=content)
        answer = served.send("GET", bench.file("/a.bin"), headers={"Range": wanted})
        assert (answer.status, answer.body) == (200, content)

    @pytest.mark.parametrize("wanted", ["99999999-", "-0"])
    def test_beyond_the_end(self, served: Serving, bench: Bench, content: bytes, wanted: str) -> None:
        bench.push("/a.bin", content=content)
        answer = served.send("GET", bench.file("/a.bin"), headers={"Range": f"bytes={wanted}"})
        assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(content)}")

    def test_if_range(self, served: Serving, bench: Bench, content: bytes) -> None:
        bench.push("/a.bin", content=content)
        address = bench.file("/a.bin")
        tag = served.send("HEAD", address).headers["etag"]
        same = served.send("GET", address, headers={"Range": "bytes=90-", "If-Range": tag})
        assert (same.status, same.body) == (206, content[90:])
        other = served.send("GET", address, headers={"Range": "bytes=90-", "If-Range": '"other"'})
        assert (other.status, other.body) == (200, content)

    def test_head(self, served: Serving, bench: Bench, content: bytes) -> None:
        bench.push("/a.bin", content=content)
        answer = served.send("HEAD", bench.file("/a.bin"))
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(content)))

    def test_known_content_is_not_sent_again(self, served: Serving, bench: Bench, content: bytes) -> None:
        bench.push("/a.bin", content=content)
        address = bench.file("/a.bin")
        tag = served.send("GET", address).headers["etag"]
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            answer = served.send("GET", address, headers={"If-None-Match": known})
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert served.send("GET", address, headers={"If-None-Match": '"other"'}).status == 200


def test_empty_file(served: Serving, bench: Bench) -> None:
    bench.push("/a.bin", content=b"")
    address = bench.file("/a.bin")
    assert served.send("GET", address).body == b""
    assert served.send("GET", address, headers={"Range": "bytes=0-"}).status == 416


def test_tag_is_the_digest_of_an_embedded_hub(hub: LocalHub) -> None:
    with serving(hub) as served:
        record = served.post("datasets", {"name": "set"})
        bench = Bench(served, record["id"], record["slug"])
        bench.push("/a.bin", content=CONTENT)
        tag = served.send("HEAD", bench.file("/a.bin")).headers["etag"]
        assert tag == f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.mark.parametrize("content", [CONTENT, LARGE], ids=["small", "large"])
def test_damaged_file_is_never_sent(hub: LocalHub, content: bytes) -> None:
    with serving(hub) as served:
        record = served.post("datasets", {"name": "set"})
        bench = Bench(served, record["id"], record["slug"])
        bench.push("/a.bin", content=content)
        (path,) = (one for one in Path(hub.root).glob("blobs/**/*") if one.is_file())
        path.write_bytes(content[:-1])
        answer = served.send("GET", bench.file("/a.bin"))
        assert answer.status == 410
        assert str(hub.root) not in answer.body.decode()
        path.unlink()
        answer = served.send("GET", bench.file("/a.bin"))
        assert (answer.status, str(hub.root) in answer.body.decode()) == (404, False)


def test_address_tells_where_its_object_is(served: Serving, bench: Bench) -> None:
    from support.bench import links_of

    links = links_of(served)
    schemes = frozenset({"blob"})
    assert is_near({"file_id": links.file_id("acme", "blob:sha256/00")}, schemes)
    assert not is_near({"file_id": links.file_id("acme", "storage://team/x/y.png")}, schemes)
    assert not is_near({"file_id": "!"}, schemes)
