from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.adapters.objectstore import ObstoreObjects
from groundtruth.adapters.objectstore.connections import Patience
from groundtruth.domain.errors import (
    AccessDenied,
    GroundtruthError,
    InvalidInput,
    NotFound,
    NotReadable,
    ObjectNotFound,
    Unavailable,
)
from groundtruth.domain.policies import RetryPolicy
from groundtruth.domain.storage import ExternalStorage, Provider

from .conftest import KEYS

PATIENCE = Patience(RetryPolicy(4, 0.001, 0.01))
PART = 100_000
FACTS = {"ETag": '"one"', "Last-Modified": "Sat, 21 Nov 2026 16:23:53 GMT"}
BODY = bytes(range(256)) * 1000
INITIATED = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
COMPLETED = b'<CompleteMultipartUploadResult><ETag>"one"</ETag></CompleteMultipartUploadResult>'


@attrs.frozen
class Reply:
    """An answer: `cut` bytes of its body arrive, then the connection ends; `stall` seconds pass before it.

    Without a status the connection ends at once.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = FACTS
    cut: int | None = None
    stall: float = 0.0


@attrs.define
class Server:
    """Gives the answers of `script` in their order, then `always`."""

    script: list[Reply] = attrs.field(factory=list[Reply])
    always: Callable[[str, str], Reply] = lambda method, path: Reply()
    seen: list[tuple[str, str, dict[str, str]]] = attrs.field(factory=list[tuple[str, str, dict[str, str]]])
    lock: Any = attrs.field(factory=threading.Lock)
    address: str = ""

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self.lock:
            self.seen.append((handler.command, handler.path, dict(handler.headers)))
            reply = self.script.pop(0) if self.script else self.always(handler.command, handler.path)
        time.sleep(reply.stall)
        if not reply.status:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(reply.body[: reply.cut])
        handler.close_connection = reply.cut is not None or reply.stall > 0


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            try:
                server.reply(self)
            except OSError:
                self.close_connection = True  # the client gave up on us

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        server.address = f"http://127.0.0.1:{http.server_port}"
        yield server
        http.shutdown()
        thread.join()


@pytest.fixture
def storage(server: Server) -> ExternalStorage:
    return ExternalStorage("photos", Provider.AWS, "bucket", endpoint=server.address)


@pytest.fixture
def objects() -> ObstoreObjects:
    return ObstoreObjects(KEYS, part_size=PART, parts_at_once=2, patience=PATIENCE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(BODY[:1000])
    return path


def read(objects: ObstoreObjects, storage: ExternalStorage, **where: Any) -> bytes:
    stream = objects.open(storage, "a", **where)
    try:
        return BODY[: stream.start] + b"".join(stream.chunks())
    finally:
        stream.close()


def error_page(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>Signature=abc</Message></Error>".encode()


# --- what is tried again ----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Reply(500), Reply(503), Reply(429), Reply(408), Reply(0)])
def test_what_fails_for_now_is_tried_again(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path, fault: Reply
) -> None:
    server.script = [fault] * 2
    assert objects.put(storage, "a", file) == 1000
    assert [method for method, _, _ in server.seen] == ["PUT"] * 3
    server.script = [fault, Reply(body=BODY)]
    assert read(objects, storage) == BODY


def test_a_store_that_falls_silent_is_asked_again(server: Server, storage: ExternalStorage, file: Path) -> None:
    # A busy machine may be as silent, so there are more tries than faults.
    hasty = ObstoreObjects(KEYS, patience=Patience(RetryPolicy(9, 0.001, 0.01), silence=0.1, sending=0.1))
    server.script = [Reply(stall=0.15)]
    assert hasty.put(storage, "a", file) == 1000
    assert len(server.seen) >= 2
    server.script = [Reply(stall=0.15)]
    server.always = lambda method, path: Reply(body=BODY)
    assert read(hasty, storage) == BODY


@pytest.mark.parametrize("key", ["latest/api/token", "credentials.json", "x status code: 404", "PermanentRedirect"])
def test_what_a_key_says_is_not_taken_for_an_answer(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path, key: str
) -> None:
    server.always = lambda method, path: Reply(503)
    with pytest.raises(Unavailable):
        objects.put(storage, key, file)


def test_after_the_last_try_it_is_unavailable(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path
) -> None:
    server.always = lambda method, path: Reply(503, error_page("SlowDown"))
    for action in (lambda: objects.put(storage, "a", file), lambda: objects.size(storage, "a")):
        server.seen.clear()
        with pytest.raises(Unavailable, match=r"storage 'photos' .* \(HTTP 503\)"):
            action()
        assert len(server.seen) == PATIENCE.retry.max_attempts


def test_nobody_there_is_unavailable(objects: ObstoreObjects, file: Path) -> None:
    nobody = ExternalStorage("photos", Provider.AWS, "bucket", endpoint="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="storage 'photos' is not reachable"):
        objects.put(nobody, "a", file)


# --- what is not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "SignatureDoesNotMatch", AccessDenied),
        (403, "InvalidAccessKeyId", AccessDenied),
        (401, "Unauthorized", AccessDenied),
        (400, "ExpiredToken", AccessDenied),
        (400, "AuthorizationHeaderMalformed", InvalidInput),
        (301, "PermanentRedirect", InvalidInput),
        (400, "EntityTooLarge", InvalidInput),
        (404, "NoSuchBucket", NotFound),
    ],
)
def test_refusals_are_final_and_tell_no_secrets(
    server: Server,
    storage: ExternalStorage,
    objects: ObstoreObjects,
    file: Path,
    status: int,
    code: str,
    kind: type[GroundtruthError],
) -> None:
    server.always = lambda method, path: Reply(status, error_page(code))
    with pytest.raises(kind) as caught:
        objects.put(storage, "a", file)
    assert len(server.seen) == 1
    told = "".join(traceback.format_exception(caught.value))
    assert "photos" in caught.value.message
    assert "Signature=" not in told
    assert all(secret not in told for secret in KEYS.values())
    assert "groundtruth authenticate" not in caught.value.remedy


def test_a_missing_object_names_itself_and_its_storage(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects
) -> None:
    server.always = lambda method, path: Reply(404)
    with pytest.raises(ObjectNotFound, match="object 'a' not found in storage 'photos'"):
        objects.size(storage, "a")


def test_without_credentials_access_is_denied(
    server: Server, storage: ExternalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # where a machine in the cloud gets its own
    with pytest.raises(AccessDenied, match="no credentials"):
        ObstoreObjects({}, patience=PATIENCE).size(storage, "a")
    assert not server.seen


# --- whole or not at all ----------------------------------------------------------------------------


def parts(server: Server) -> None:
    """Take objects in parts."""
    server.always = lambda method, path: Reply(
        body=INITIATED if "uploads" in path else COMPLETED if method == "POST" else b""
    )


def test_a_large_file_goes_in_parts(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path
) -> None:
    parts(server)
    file.write_bytes(BODY)
    assert objects.put(storage, "a", file, "gzip") == len(BODY)
    first, *middle, last = server.seen
    assert (first[0], last[0]) == ("POST", "POST")
    assert first[2]["content-encoding"] == "gzip"
    assert sorted(int(headers["content-length"]) for _, _, headers in middle) == [56_000, PART, PART]


def test_a_part_that_fails_is_sent_again(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path
) -> None:
    parts(server)
    server.script = [Reply(body=INITIATED), Reply(503), Reply(0)]
    file.write_bytes(BODY)
    assert objects.put(storage, "a", file) == len(BODY)
    assert [method for method, _, _ in server.seen].count("PUT") == 5


def test_a_file_that_gets_shorter_is_not_completed(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path
) -> None:
    parts(server)
    file.write_bytes(BODY * 20)
    answer = server.always

    def cut(method: str, path: str) -> Reply:
        file.write_bytes(b"short")
        return answer(method, path)

    server.always = cut
    with pytest.raises(NotReadable, match="shorter"):
        objects.put(storage, "a", file)
    assert [method for method, _, _ in server.seen].count("POST") == 1


def test_parts_that_are_refused_are_given_up(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, file: Path
) -> None:
    server.always = lambda method, path: Reply(body=INITIATED) if method == "POST" else Reply(403)
    file.write_bytes(BODY)
    with pytest.raises(AccessDenied):
        objects.put(storage, "a", file)
    assert [method for method, _, _ in server.seen].count("POST") == 1


# --- reading ----------------------------------------------------------------------------------------


def rest(start: int, tag: str = '"one"') -> Reply:
    headers = {**FACTS, "ETag": tag, "Content-Range": f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"}
    return Reply(206, BODY[start:], headers)


def test_a_broken_body_is_taken_up_where_it_broke(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects
) -> None:
    server.script = [Reply(body=BODY, cut=1000), rest(1000)]
    assert read(objects, storage) == BODY
    assert server.seen[1][2]["range"] == f"bytes=1000-{len(BODY) - 1}"


@pytest.mark.parametrize("second", [rest(1000, '"two"'), Reply(404), Reply(403), Reply(body=BODY)])
def test_what_cannot_be_taken_up_is_unavailable(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects, second: Reply
) -> None:
    server.script = [Reply(body=BODY, cut=1000), second]
    stream = objects.open(storage, "a")
    with pytest.raises(Unavailable, match="object 'a' of storage 'photos' broke off"):
        list(stream.chunks())
    stream.close()


def test_a_store_that_knows_no_conditions_is_not_believed(
    server: Server, storage: ExternalStorage, objects: ObstoreObjects
) -> None:
    server.script = [rest(1000, '"two"'), Reply(body=BODY)]
    assert read(objects, storage, start=1000, validator='"one"') == BODY
    assert [headers.get("range") for _, _, headers in server.seen] == ["bytes=1000-", None]


def test_a_weak_tag_is_no_validator(server: Server, storage: ExternalStorage, objects: ObstoreObjects) -> None:
    server.script = [Reply(body=BODY, headers={**FACTS, "ETag": 'W/"one"'})]
    stream = objects.open(storage, "a")
    assert stream.validator is None
    stream.close()


def test_a_store_is_made_once(server: Server, storage: ExternalStorage, objects: ObstoreObjects) -> None:
    server.always = lambda method, path: Reply(body=BODY)
    for _ in range(3):
        read(objects, storage)
    assert objects._store.cache_info().misses == 1
