"""Several small files in one request, both ways: for whom, which ones, and what is said of the others."""

from __future__ import annotations

import json
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundtruth.adapters.local import LocalHub
from groundtruth.domain.access import Role
from groundtruth.domain.bundle import MAX_BUNDLE, MAX_OBJECT, MAX_OBJECTS, Frame, pack_frames, unpack_frames
from support.bench import ITEMS, Bench, links_of, raw
from support.serving import Answer, Serving, serving

FILES = "v2/teams/acme/files"
BUNDLE = f"{ITEMS}/uploads/bundle"
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def file_id(bench: Bench, path: str) -> str:
    return bench.file(path).rpartition("/")[2]


def asked(served: Serving, ids: list[str], **options: Any) -> list[tuple[int, str, bytes]]:
    answer = served.send("POST", FILES, {"files": ids}, **options)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    return [(frame.status, frame.label, bytes(frame.content)) for frame in unpack_frames(answer.body)]


def uploads(bench: Bench, *paths: str) -> list[str]:
    return [item["slots"][0]["upload_id"] for item in bench.register(*paths)["items"]]


def sent(served: Serving, *frames: tuple[str, bytes], **options: Any) -> Answer:
    return served.send("POST", BUNDLE, pack_frames(Frame(0, *frame) for frame in frames), **options)


def head_of(*headers: str) -> bytes:
    """The beginning of a bundle of uploads."""
    return "\r\n".join([f"POST /api/{BUNDLE} HTTP/1.1", "Host: hub", *headers, "", ""]).encode()


class TestFiles:
    def test_in_the_order_asked_for(self, served: Serving, bench: Bench) -> None:
        contents = {"/a.png": b"a" * 10, "/b.bin": b"", "/c.jpg": bytes(MAX_OBJECT)}
        for path, content in contents.items():
            bench.push(path, content=content)
        ids = [file_id(bench, path) for path in ("/c.jpg", "/a.png", "/b.bin", "/a.png")]
        found = asked(served, ids)
        assert [status for status, _, _ in found] == [200] * 4
        assert [content for _, _, content in found] == [bytes(MAX_OBJECT), b"a" * 10, b"", b"a" * 10]
        alone = served.send("GET", bench.file("/a.png"))
        assert found[1][1:] == (alone.headers["content-type"], alone.body)

    def test_each_that_cannot_be_given_has_its_status(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png", content=b"good")
        bench.push("/large.png", content=bytes(MAX_OBJECT + 1))
        good, large = file_id(bench, "/a.png"), file_id(bench, "/large.png")
        gone = links_of(served).file_id("acme", "blob:sha256/" + "0" * 64)
        foreign = links_of(served).file_id("others", "blob:sha256/" + "0" * 64)
        ids = [good, large, good + "x", gone, foreign, "", ".", "\x00", "é" * 100, good]
        found = asked(served, ids)
        assert [status for status, _, _ in found] == [200, 413, 404, 404, 404, 404, 404, 404, 404, 200]
        assert {content for status, _, content in found if status != 200} == {b""}

    def test_only_so_much_at_once(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png", content=bytes(MAX_OBJECT))
        found = asked(served, [file_id(bench, "/a.png")] * MAX_OBJECTS)
        given = [status for status, _, _ in found]
        assert given == [200] * 12 + [413] * 52

    @pytest.mark.parametrize(
        "body",
        [None, [], {}, {"files": None}, {"files": "x"}, {"files": [1]}, {"files": ["x"] * (MAX_OBJECTS + 1)}],
        ids=str,
    )
    def test_bad_bodies(self, served: Serving, body: Any) -> None:
        assert served.send("POST", FILES, json.dumps(body).encode()).status == 422

    def test_none(self, served: Serving) -> None:
        assert asked(served, []) == []

    @pytest.mark.parametrize("role", list(Role))
    def test_whoever_may_read(self, served: Serving, bench: Bench, role: Role) -> None:
        bench.push("/a.png")
        assert asked(served, [file_id(bench, "/a.png")], key=served.key("acme", role))[0][0] == 200

    def test_other_teams_and_nobody(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png")
        body = {"files": [file_id(bench, "/a.png")]}
        assert served.send("POST", FILES, body, key=None).status == 401
        assert served.send("POST", FILES, body, key=served.key("others")).status == 404
        # With a key of its own, another team gets as far as its own address; the file is not one of it.
        answer = served.send("POST", "v2/teams/others/files", body)
        assert [frame.status for frame in unpack_frames(answer.body)] == [404]

    @settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
    @given(st.lists(st.text(max_size=20) | st.just("{id}"), max_size=5), st.integers(0, 60), st.text(max_size=3))
    def test_changed_ids_are_not_known(
        self, served: Serving, bench: Bench, others: list[str], position: int, change: str
    ) -> None:
        good = links_of(served).file_id("acme", "blob:sha256/" + "1" * 64)
        changed = good[:position] + change + good[position + 1 :]
        body = json.dumps({"files": [good if other == "{id}" else other for other in others] + [changed]})
        answer = served.send("POST", FILES, body.encode())
        assert answer.status == 200
        assert {frame.status for frame in unpack_frames(answer.body)} == {404}


class TestUploads:
    def test_files_arrive(self, served: Serving, bench: Bench) -> None:
        ids = uploads(bench, "/a.png", "/b.png", "/c.png")
        contents = [b"a" * 1000, b"", bytes(MAX_OBJECT)]
        for _ in range(2):  # may be repeated
            assert sent(served, *zip(ids, contents, strict=True)).json == {"refused": {}}
        served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": ids})
        for path, content in zip(("/a.png", "/b.png", "/c.png"), contents, strict=True):
            assert served.send("GET", bench.file(path)).body == content

    def test_refused_ones_are_named_and_the_others_taken(self, served: Serving, bench: Bench) -> None:
        first, second, third = uploads(bench, "/a.png", "/b.png", "/c.png")
        frames = [(first, b"1"), ("unknown", b"2"), ("", b"3"), (second, bytes(MAX_OBJECT + 1)), (third, b"4")]
        assert sent(served, *frames).json == {"refused": {"unknown": 404, "": 404, second: 413}}
        served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": [first, third]})
        assert served.send("POST", f"{ITEMS}/uploads/{second}/confirm", {}).status == 404

    def test_uploads_of_other_teams(self, served: Serving, bench: Bench) -> None:
        (theirs,) = uploads(bench, "/a.png")
        body = pack_frames([Frame(0, theirs, b"stolen")])
        answer = served.send("POST", "v2/teams/others/items/uploads/bundle", body)
        assert answer.json == {"refused": {theirs: 404}}
        assert served.send("POST", BUNDLE, body, key=served.key("others")).status == 404
        assert served.send("POST", BUNDLE, body, key=None).status == 401
        assert served.send("POST", f"{ITEMS}/uploads/{theirs}/confirm", {}).status == 404

    @pytest.mark.parametrize(
        ("role", "status"),
        [
            (Role.OWNER, 200),
            (Role.ADMIN, 200),
            (Role.MEMBER, 200),
            (Role.WORKFORCE_MANAGER, 403),
            (Role.ANNOTATOR, 403),
        ],
    )
    def test_whoever_may_upload(self, served: Serving, bench: Bench, role: Role, status: int) -> None:
        (upload,) = uploads(bench, "/a.png")
        assert sent(served, (upload, b"1"), key=served.key("acme", role)).status == status

    def test_too_many_at_once_and_none_is_taken(self, served: Serving, bench: Bench) -> None:
        (upload,) = uploads(bench, "/a.png")
        answer = sent(served, *[(upload, b"1")] * (MAX_OBJECTS + 1))
        assert (answer.status, "more than 64" in answer.errors["detail"]) == (422, True)
        assert sent(served, *[("", b"")] * 100_000).status == 422
        assert served.send("POST", f"{ITEMS}/uploads/{upload}/confirm", {}).status == 404

    def test_too_large_together(self, served: Serving) -> None:
        key = f"Authorization: ApiKey {served.key()}"
        answer = raw(served, head_of(key, f"Content-Length: {MAX_BUNDLE + 1}", "Connection: close"))
        assert answer.startswith(b"HTTP/1.1 413")

    @pytest.mark.parametrize(
        "body", [b"x", pack_frames([Frame(0, "x", b"12345")])[:-1], b"\0\0\0\1" + bytes(8) + b"\xff"]
    )
    def test_damaged_bundles_and_none_is_taken(self, served: Serving, bench: Bench, body: bytes) -> None:
        (upload,) = uploads(bench, "/a.png")
        assert served.send("POST", BUNDLE, pack_frames([Frame(0, upload, b"1")]) + body).status == 422
        assert served.send("POST", f"{ITEMS}/uploads/{upload}/confirm", {}).status == 404

    def test_empty_bundle(self, served: Serving) -> None:
        assert served.send("POST", BUNDLE, b"").json == {"refused": {}}

    @pytest.mark.parametrize("key", [[], ["Authorization: ApiKey abcdefg.0123456789abcdef0123456789abcdef"]])
    def test_without_a_key_no_body_is_waited_for(self, served: Serving, key: list[str]) -> None:
        answer = raw(served, head_of(*key, "Content-Length: 4000000", "Connection: close"))
        assert answer.startswith(b"HTTP/1.1 401")

    @settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
    @given(
        st.one_of(
            st.binary(max_size=60),
            st.lists(
                st.tuples(
                    st.sampled_from(["{id}", "../..", "\x00", "x" * 5000]) | st.text(max_size=9),
                    st.binary(max_size=9),
                ),
                max_size=4,
            ),
        )
    )
    def test_no_body_is_the_end_of_the_server(self, served: Serving, bench: Bench, given: Any) -> None:
        (upload,) = uploads(bench, "/a.png")
        body = (
            given
            if isinstance(given, bytes)
            else b"".join(_frame(label, content, upload) for label, content in given)
        )
        answer = served.send("POST", BUNDLE, body)
        assert answer.status in {200, 422}
        assert served.send("POST", FILES, body).status in {200, 400, 422}


def _frame(label: str, content: bytes, upload: str) -> bytes:
    text = label.replace("{id}", upload).encode("utf-8", "replace")
    return struct.pack(">HHQ", 0, len(text), len(content)) + text + content


def test_the_limit_of_uploads_holds_in_bundles(hub: LocalHub) -> None:
    with serving(hub, max_body=1000) as served:
        record = served.post("datasets", {"name": "set"})
        small, large = uploads(Bench(served, record["id"], record["slug"]), "/a.png", "/b.png")
        assert sent(served, (small, bytes(1000)), (large, bytes(1001))).json == {"refused": {large: 413}}


def test_silence_in_the_middle_is_given_up(hub: LocalHub) -> None:
    with serving(hub, patience=0.1) as served:
        key = f"Authorization: ApiKey {served.key()}"
        assert raw(served, head_of(key, "Content-Length: 1000") + bytes(10)).startswith(b"HTTP/1.1 408")


def test_bundles_under_load_from_many(served: Serving, bench: Bench) -> None:
    """The same upload in many bundles at once: the last one counts, and it is one of them."""
    (upload,) = uploads(bench, "/a.png")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: sent(served, (upload, b"%d" % number * 500)).status, range(24)))
    assert answers == [200] * 24
    served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": [upload]})
    assert served.send("GET", bench.file("/a.png")).body in {b"%d" % number * 500 for number in range(24)}
