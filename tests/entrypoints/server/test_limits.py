"""What the server refuses before anything looks at it: too large, too long, not HTTP, not JSON."""

from __future__ import annotations

import contextlib
import json
import socket
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from groundtruth.adapters.local import LocalHub
from support.bench import ITEMS, Bench, raw
from support.serving import Serving, serving

COMPRESSED = {"X-Darwin-Payload-Compression-Version": "1"}


LAST = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""A request after which the server closes the connection."""


@pytest.fixture
def small(hub: LocalHub) -> Iterator[Serving]:
    """A server with low limits."""
    limits = {"max_json": 100_000, "max_target": 2000, "max_head": 5000, "patience": 0.2}
    with serving(hub, **limits) as served:
        yield served


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer as it came."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


class TestPaths:
    def test_health(self, served: Serving) -> None:
        answer = served.send("GET", "/health", key=None)
        assert answer.json.keys() == {"status", "hub", "version"}
        assert (answer.json["status"], answer.json["hub"]) == ("ok", served.hub.name)
        assert served.send("HEAD", "/health", key=None).body == b""

    @pytest.mark.parametrize(
        "path", ["/", "/api", "/api/", "/index.html", "/API/datasets", "/api/v2", "/api//datasets"]
    )
    def test_unknown_path(self, served: Serving, path: str) -> None:
        answer = served.send("GET", path)
        assert (answer.status, answer.errors) == (404, {"detail": "not found"})

    def test_other_method(self, served: Serving) -> None:
        answer = served.send("PATCH", "datasets")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
        assert answer.errors["detail"]
        assert served.send("POST", "/health", {}).status == 404

    def test_slash_at_the_end(self, served: Serving) -> None:
        assert served.get("datasets/") == served.get("datasets")

    def test_head(self, served: Serving) -> None:
        whole, head = served.send("GET", "datasets"), served.send("HEAD", "datasets")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.body))

    @pytest.mark.parametrize("path", ["v2/teams/acme/items/%ff%fe", "v2/teams/%C3/items"])
    def test_path_that_is_not_text(self, served: Serving, path: str) -> None:
        assert served.send("GET", path, key=served.key()).status == 400

    @pytest.mark.parametrize(
        "path", ["v2/teams/acme/items/a%2Fb", "v2/teams/acme/items/%00", "v2/teams/acme/items/.."]
    )
    def test_odd_parameters(self, served: Serving, path: str) -> None:
        assert served.send("GET", path).status == 404

    def test_long_address(self, small: Serving) -> None:
        assert small.send("GET", f"datasets?{'x' * 1900}").status == 200
        answer = small.send("GET", f"datasets?{'x' * 2100}")
        assert answer.status == 414
        assert answer.errors["detail"]


class TestBodies:
    def test_large_body(self, small: Serving) -> None:
        body = json.dumps({"name": "set", "more": "x" * 100_000}).encode()
        answer = small.send("POST", "datasets", body)
        assert answer.status == 413
        assert answer.errors["detail"]

    def test_large_body_without_its_length(self, small: Serving) -> None:
        head = f"POST /api/datasets HTTP/1.1\r\nHost: x\r\nAuthorization: ApiKey {small.key()}\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
        body = (b"10000\r\n" + bytes(0x10000) + b"\r\n") * 3 + b"0\r\n\r\n"
        answer = raw(small, head.encode() + body + LAST)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"HTTP/1.1 200" in answer  # the rest of the body was passed over

    def test_body_is_not_read_without_a_key(self, small: Serving) -> None:
        head = f"POST /api/datasets HTTP/1.1\r\nHost: {urlsplit(small.url).netloc}\r\nContent-Length: 90000\r\n\r\n"
        host, _, port = urlsplit(small.url).netloc.partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head.encode())  # and no body at all
            assert connection.recv(65536).startswith(b"HTTP/1.1 401")

    @pytest.mark.parametrize(
        "body",
        [b"{", b"nonsense", b"\xff", b'{"name": "\\ud800"}', b"[" * 50_000, b"{}{}", b'{"name": NaN}', b"1e999"],
    )
    def test_not_json(self, served: Serving, body: bytes) -> None:
        answer = served.send("POST", "datasets", body)
        assert answer.status == 400
        assert answer.errors["detail"]

    @pytest.mark.parametrize("body", [b"", b" \n", b"null", b"[]", b'"x"', b"7", b'{"name": 7}', b'{"name": ""}'])
    def test_not_what_was_expected(self, served: Serving, body: bytes) -> None:
        assert served.send("POST", "datasets", body).status == 422

    def test_content_type_does_not_matter(self, served: Serving, bench: Bench) -> None:
        headers = {"Content-Type": "text/plain"}
        answer = served.send("POST", "datasets", {"name": f"{bench.slug} plain"}, headers=headers)
        assert answer.status == 200

    def test_compressed(self, served: Serving, bench: Bench) -> None:
        body = zlib.compress(json.dumps({"name": f"{bench.slug} compressed"}).encode())
        assert served.send("POST", "datasets", body, headers=COMPRESSED).json["name"] == f"{bench.slug} compressed"

    @pytest.mark.parametrize(
        "body", [b"{}", zlib.compress(b"{}")[:-1], zlib.compress(b"{}") + b"x", zlib.compress(b"nonsense")]
    )
    def test_badly_compressed(self, served: Serving, body: bytes) -> None:
        assert served.send("POST", "datasets", body, headers=COMPRESSED).status == 400

    def test_unknown_compression(self, served: Serving) -> None:
        headers = {"X-Darwin-Payload-Compression-Version": "2"}
        assert served.send("POST", "datasets", zlib.compress(b"{}"), headers=headers).status == 400

    def test_bomb(self, small: Serving) -> None:
        bomb = zlib.compress(bytes(50_000_000), 9)
        assert len(bomb) < 100_000
        assert small.send("POST", "datasets", bomb, headers=COMPRESSED).status == 413


class TestWire:
    @pytest.mark.parametrize(
        "data", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00"]
    )
    def test_not_http(self, served: Serving, data: bytes) -> None:
        status, headers, body = parsed(raw(served, data))
        assert (status, headers["content-type"]) == (400, "application/json")
        assert json.loads(body)["errors"]["detail"]

    def test_header_without_end(self, small: Serving) -> None:
        status, headers, _ = parsed(raw(small, b"GET /health HTTP/1.1\r\nX: " + b"x" * 20_000))
        assert (status, headers["content-type"]) == (431, "application/json")

    def test_address_without_end(self, small: Serving) -> None:
        assert parsed(raw(small, b"GET /" + b"x" * 20_000))[0] == 431

    def test_too_many_headers(self, small: Serving) -> None:
        lines = b"".join(b"X%d: y\r\n" % number for number in range(300))
        assert parsed(raw(small, b"GET /health HTTP/1.1\r\n" + lines + b"\r\n"))[0] == 400

    def test_head_that_stops_coming(self, small: Serving) -> None:
        assert parsed(raw(small, b"GET /health HTTP/1.1\r\nHost: x\r\n"))[0] == 408

    def test_connection_that_says_nothing(self, small: Serving) -> None:
        assert raw(small, b"") == b""

    @pytest.mark.parametrize("host", ["a b", "x/y", "evil.example/", "[::1", "", "a" * 300])
    def test_odd_host(self, served: Serving, host: str) -> None:
        request = f"GET /api/datasets HTTP/1.1\r\nHost: {host}\r\nAuthorization: ApiKey {served.key()}\r\n"
        assert parsed(raw(served, f"{request}Connection: close\r\n\r\n".encode()))[0] == 400

    @pytest.mark.parametrize("length", ["x", "-1", "1" * 30, "0x10"])
    def test_odd_length(self, served: Serving, length: str) -> None:
        request = f"POST /api/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        assert parsed(raw(served, request.encode()))[0] in {400, 413}

    def test_old_http_without_a_host(self, served: Serving, bench: Bench) -> None:
        bench.register("/a.png")
        request = f"GET /api/{ITEMS} HTTP/1.0\r\nAuthorization: ApiKey {served.key()}\r\n\r\n"
        assert parsed(raw(served, request.encode()))[0] == 200

    def test_two_requests_at_once(self, served: Serving) -> None:
        request = (
            b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert raw(served, request).count(b"HTTP/1.1 200") == 2

    def test_connection_is_kept_after_an_error(self, served: Serving) -> None:
        first = b'POST /api/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"name":1'
        answer = raw(served, first + LAST)
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"HTTP/1.1 200" in answer

    def test_client_that_leaves(self, served: Serving) -> None:
        host, _, port = urlsplit(served.url).netloc.partition(":")
        for data in (
            b"GET /health HTTP/1.1\r\n",
            b"POST /api/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{",
        ):
            with contextlib.closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
                connection.sendall(data)
        assert served.send("GET", "/health", key=None).status == 200


def test_addresses_name_the_host_the_client_used(served: Serving, bench: Bench) -> None:
    body = {"dataset_slug": bench.slug, "items": [{"name": "a", "slots": [{"slot_name": "0", "file_name": "a"}]}]}
    path = f"{ITEMS}/register_upload"
    answer = served.send("POST", path, body, headers={"Host": "hub.example:8080"})
    address = answer.json["items"][0]["slots"][0]["upload_url"]
    assert address.startswith("http://hub.example:8080/api/uploads/")
    assert served.send("PUT", address.replace("http://hub.example:8080", served.url), b"x", key=None).status == 200


def test_public_address(hub: LocalHub) -> None:
    with serving(hub, public_url="https://hub.example/") as served:
        assert served.url == "https://hub.example"
