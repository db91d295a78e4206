"""Pushing over HTTP."""

from __future__ import annotations

import base64
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.domain.access import Role
from support.bench import ITEMS, Bench, raw
from support.serving import Serving, serving

REGISTER = f"{ITEMS}/register_upload"


def put_head(address: str, *headers: str) -> bytes:
    """The beginning of a PUT to an address."""
    parts = urlsplit(address)
    lines = [f"PUT {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}", *headers, "", ""]
    return "\r\n".join(lines).encode()


class TestRegister:
    def test_answer_echoes_what_was_sent(self, served: Serving, bench: Bench) -> None:
        items = [
            {
                "name": "a.jpg",
                "path": "day1//x/",
                "slots": [{"file_name": "A.JPG", "slot_name": "0", "fps": "native"}],
            },
            {"name": "b", "slots": [{"file_name": name, "slot_name": name} for name in ("l.png", "r.dcm")]},
        ]
        options = {"handle_as_slices": False, "from_the_future": 1}
        answer = served.post(REGISTER, {"dataset_slug": bench.slug, "options": options, "items": items})
        assert set(answer) == {"items", "blocked_items"}
        assert [(item["name"], item["path"]) for item in answer["items"]] == [("a.jpg", "/day1/x"), ("b", "/")]
        slots = [slot for item in answer["items"] for slot in item["slots"]]
        assert [(slot["file_name"], slot["type"]) for slot in slots] == [
            ("A.JPG", "image"),
            ("l.png", "image"),
            ("r.dcm", "dicom"),
        ]
        assert all(slot["upload_url"].startswith(f"{served.url}/api/uploads/acme/") for slot in slots)

    def test_is_idempotent_until_complete(self, served: Serving, bench: Bench) -> None:
        first, second = bench.register("/a.png"), bench.register("/a.png")
        assert first["items"][0]["slots"][0]["upload_id"] == second["items"][0]["slots"][0]["upload_id"]
        bench.push("/a.png")
        third = bench.register("/a.png", "/b.png")
        assert [item["name"] for item in third["items"]] == ["b.png"]
        (blocked,) = third["blocked_items"]
        assert (blocked["name"], blocked["path"]) == ("a.png", "/")
        assert [(slot["reason"], slot["file_name"]) for slot in blocked["slots"]] == [("ALREADY_EXISTS", "a.png")]

    def test_same_path_twice(self, bench: Bench) -> None:
        answer = bench.register("/x/a.png", "/x/a.png")
        assert (len(answer["items"]), len(answer["blocked_items"])) == (1, 1)

    @pytest.mark.parametrize(
        "change",
        [
            {"dataset_slug": None},
            {"items": None},
            {"items": {}},
            {"items": [None]},
            {"items": [{}]},
            {"items": [{"name": "a"}]},
            {"items": [{"name": "", "slots": []}]},
            {"items": [{"name": "a\x00b", "slots": []}]},
            {"items": [{"name": "a", "path": "/../x", "slots": []}]},
            {"items": [{"name": "a", "slots": [{"slot_name": "0"}]}]},
            {"items": [{"name": "a", "slots": [{"slot_name": "0", "file_name": "a", "fps": "fast"}]}]},
            {"items": [{"name": "a", "slots": [{"slot_name": "0", "file_name": "a", "fps": -1}]}]},
            {"items": [{"name": "a", "slots": [{"slot_name": "0", "file_name": "a", "fps": 10**400}]}]},
            {"items": [{"name": "a", "slots": [{"slot_name": "0", "file_name": "a", "as_frames": "maybe"}]}]},
            {"items": [{"name": "a", "slots": [{"slot_name": "0", "file_name": "a", "tags": [1]}]}]},
            {"items": [{"name": "a", "slots": [], "layout": []}]},
            {"options": []},
        ],
        ids=str,
    )
    def test_bad_bodies(self, served: Serving, bench: Bench, change: dict[str, Any]) -> None:
        body = {"dataset_slug": bench.slug, "items": [], **change}
        assert served.send("POST", REGISTER, body).status == 422

    @pytest.mark.parametrize("slug", ["nowhere", "..", "a/b", "x" * 300, "\x00"])
    def test_unknown_dataset(self, served: Serving, slug: str) -> None:
        assert served.send("POST", REGISTER, {"dataset_slug": slug, "items": []}).status == 404


class TestSignAndConfirm:
    def test_three_steps(self, served: Serving, bench: Bench) -> None:
        upload = bench.register("/a.png")["items"][0]["slots"][0]["upload_id"]
        address = served.get(f"{ITEMS}/uploads/{upload}/sign")["upload_url"]
        for _ in range(2):  # each step may be repeated
            assert served.send("PUT", address, b"content", key=None).status == 200
            assert served.send("POST", f"{ITEMS}/uploads/{upload}/confirm", {}).status == 200
        assert bench.names("statuses=new") == ["a.png"]
        assert served.send("GET", bench.file("/a.png")).body == b"content"

    def test_unknown_upload(self, served: Serving) -> None:
        for method, path in (("GET", "sign"), ("POST", "confirm")):
            assert served.send(method, f"{ITEMS}/uploads/unknown/{path}", {}).status == 404

    def test_nothing_was_put(self, served: Serving, bench: Bench) -> None:
        upload = bench.register("/a.png")["items"][0]["slots"][0]["upload_id"]
        answer = served.send("POST", f"{ITEMS}/uploads/{upload}/confirm", {})
        assert (answer.status, answer.errors) == (404, {"upload_id": [upload]})

    def test_batch_with_an_unknown_one(self, served: Serving, bench: Bench) -> None:
        slot = bench.register("/a.png")["items"][0]["slots"][0]
        served.send("PUT", slot["upload_url"], b"content", key=None)
        answer = served.send("POST", f"{ITEMS}/uploads/confirm", {"upload_ids": [slot["upload_id"], "unknown"]})
        assert (answer.status, answer.errors) == (404, {"upload_id": ["unknown"]})
        assert bench.names("statuses=new") == []

    @pytest.mark.parametrize(
        "body", [{}, [], {"upload_ids": "x"}, {"upload_ids": [1]}, {"upload_ids": None}], ids=str
    )
    def test_bad_batches(self, served: Serving, body: Any) -> None:
        assert served.send("POST", f"{ITEMS}/uploads/confirm", body).status == 422

    def test_empty_batch(self, served: Serving) -> None:
        assert served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": []}) == {"confirmed": 0}


class TestBytes:
    @pytest.mark.parametrize("size", [0, 1, 40_000, 1 << 20, (1 << 20) + 1, 5_000_001])
    def test_sizes(self, served: Serving, bench: Bench, size: int) -> None:
        content = bytes(index % 251 for index in range(min(size, 1000))) * (size // 1000 + 1)
        bench.push("/a.bin", content=content[:size])
        assert served.send("GET", bench.file("/a.bin")).body == content[:size]

    def test_body_in_chunks(self, served: Serving, bench: Bench) -> None:
        slot = bench.register("/a.png")["items"][0]["slots"][0]
        chunks = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        head = put_head(slot["upload_url"], "Transfer-Encoding: chunked", "Connection: close")
        assert raw(served, head + chunks).startswith(b"HTTP/1.1 200")
        served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": [slot["upload_id"]]})
        assert served.send("GET", bench.file("/a.png")).body == b"hello world"

    @pytest.mark.parametrize("announced", [10, 3_000_000])
    def test_short_body_is_not_kept(self, served: Serving, bench: Bench, announced: int) -> None:
        slot = bench.register("/a.png")["items"][0]["slots"][0]
        head = put_head(slot["upload_url"], f"Content-Length: {announced}")
        raw(served, head + b"12345", half_close=True)
        answer = served.send("POST", f"{ITEMS}/uploads/{slot['upload_id']}/confirm", {})
        assert answer.status == 404

    def test_parallel_uploads(self, served: Serving, bench: Bench) -> None:
        items = bench.register(*(f"/{number}.png" for number in range(24)))["items"]
        statuses: list[int] = []

        def put(number: int) -> None:
            address = items[number]["slots"][0]["upload_url"]
            statuses.append(served.send("PUT", address, b"%d" % number * 1000, key=None).status)

        threads = [threading.Thread(target=put, args=(number,)) for number in range(len(items))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * len(items)
        served.post(f"{ITEMS}/uploads/confirm", {"upload_ids": [item["slots"][0]["upload_id"] for item in items]})
        for number in (0, 13, 23):
            assert served.send("GET", bench.file(f"/{number}.png")).body == b"%d" % number * 1000


def test_slow_body_is_given_up(hub: LocalHub) -> None:
    with serving(hub, patience=0.1) as served:
        record = served.post("datasets", {"name": "set"})
        slot = Bench(served, record["id"], record["slug"]).register("/a.png")["items"][0]["slots"][0]
        for announced in (10, 3_000_000):
            answer = raw(served, put_head(slot["upload_url"], f"Content-Length: {announced}") + b"12345")
            assert answer.startswith(b"HTTP/1.1 408")
        assert served.send("POST", f"{ITEMS}/uploads/{slot['upload_id']}/confirm", {}).status == 404


def test_upload_above_the_limit(hub: LocalHub) -> None:
    with serving(hub, max_body=1000) as served:
        record = served.post("datasets", {"name": "set"})
        slot = Bench(served, record["id"], record["slug"]).register("/a.png")["items"][0]["slots"][0]
        assert served.send("PUT", slot["upload_url"], bytes(1000), key=None).status == 200
        assert served.send("PUT", slot["upload_url"], bytes(1001), key=None).status == 413
        chunks = b"800\r\n" + bytes(0x800) + b"\r\n0\r\n\r\n"
        head = put_head(slot["upload_url"], "Transfer-Encoding: chunked", "Connection: close")
        assert raw(served, head + chunks).startswith(b"HTTP/1.1 413")


class TestDirectUpload:
    def body(self, bench: Bench, *items: dict[str, Any]) -> dict[str, Any]:
        return {"dataset_slug": bench.slug, "items": list(items), "options": {"force_tiling": False}}

    def test_in_one_request(self, served: Serving, bench: Bench) -> None:
        items = [
            {"name": name, "path": "/x", "file_content": base64.b64encode(name.encode()).decode()} for name in "ab"
        ]
        answer = served.post(f"{ITEMS}/direct_upload", self.body(bench, *items))
        assert [(item["name"], item["path"], len(item["slots"])) for item in answer["items"]] == [
            ("a", "/x", 1),
            ("b", "/x", 1),
        ]
        assert served.send("GET", bench.file("/x/b")).body == b"b"
        again = served.post(f"{ITEMS}/direct_upload", self.body(bench, *items))
        assert [item["slots"][0]["reason"] for item in again["blocked_items"]] == ["ALREADY_EXISTS"] * 2

    def test_first_of_two_with_one_path_counts(self, served: Serving, bench: Bench) -> None:
        items = [{"name": "a", "file_content": base64.b64encode(data).decode()} for data in (b"first", b"second")]
        answer = served.post(f"{ITEMS}/direct_upload", self.body(bench, *items))
        assert (len(answer["items"]), len(answer["blocked_items"])) == (1, 1)
        assert served.send("GET", bench.file("/a")).body == b"first"

    def test_not_base64(self, served: Serving, bench: Bench) -> None:
        item = {"name": "a", "file_content": "!!"}
        assert served.send("POST", f"{ITEMS}/direct_upload", self.body(bench, item)).status == 422
        assert bench.names() == []


def test_annotators_do_not_upload(served: Serving, bench: Bench) -> None:
    body = {"dataset_slug": bench.slug, "items": []}
    assert served.send("POST", REGISTER, body, key=served.key("acme", Role.ANNOTATOR)).status == 403
