"""The server as a program: where it listens, how it ends, what it logs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.memory import MemoryHub
from groundtruth.domain.errors import InvalidInput, StorageError, Unavailable
from groundtruth.entrypoints.server.run import ServerOptions, serve
from support.bench import ITEMS, Bench
from support.serving import serving

PROGRAM = """
import sys
from pathlib import Path
from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.media import HeaderProbe
from groundtruth.domain.access import Role
from groundtruth.entrypoints.server.run import ServerOptions, serve

with LocalHub(Path(sys.argv[1]), DarwinJsonCodec(), HeaderProbe(), SystemClock()) as hub:
    print(hub.create_key("acme", Role.OWNER, "")[1], flush=True)
    options = ServerOptions(access_log=True, json_log=True, grace=10)
    serve(hub, DarwinJsonCodec(), SystemClock(), options, lambda url: print(url, flush=True))
print("ended")
"""


@contextlib.contextmanager
def program(hub: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The server in a process of its own, its address, and a key."""
    command = [sys.executable, "-c", PROGRAM, str(hub)]
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            assert process.stdout is not None
            key, url = process.stdout.readline().strip(), process.stdout.readline().strip()
            yield process, url, key
        finally:
            process.kill()


def connect(url: str) -> socket.socket:
    host, _, port = urlsplit(url).netloc.partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_request_under_way_is_finished(tmp_path: Path, number: int) -> None:
    with program(tmp_path / "hub") as (process, url, key), connect(url) as connection:
        body = b'{"name": "late"}'
        head = f"POST /api/datasets HTTP/1.1\r\nHost: x\r\nAuthorization: ApiKey {key}\r\nContent-Length: {len(body)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + body[:5])
        with urllib.request.urlopen(f"{url}/health") as health:  # now the first request has surely arrived
            assert json.load(health)["status"] == "ok"
        process.send_signal(number)
        with contextlib.suppress(OSError):
            while True:  # until nobody is let in any more
                connect(url).close()
                time.sleep(0.01)
        connection.sendall(body[5:])
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"slug":"late"' in answer
        output, _ = process.communicate(timeout=20)
        assert (output.strip(), process.returncode) == ("ended", 0)


def test_access_log(tmp_path: Path) -> None:
    with program(tmp_path / "hub") as (process, url, key):
        for path in ("/api/users/token_info?secret=hidden", "/api/uploads/acme/x?expires=1&signature=hidden"):
            request = urllib.request.Request(url + path, headers={"Authorization": f"ApiKey {key}"})
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(request).close()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [(one["method"], one["path"], one["status"]) for one in lines] == [
        ("GET", "/api/users/token_info", 200),
        ("GET", "/api/uploads/acme/x", 405),
    ]
    assert (lines[0]["team"], lines[0]["key"]) == ("acme", key.partition(".")[0])
    assert lines[0]["bytes"] > 0
    assert lines[0]["ms"] >= 0
    assert "hidden" not in errors
    assert key not in errors


def test_log_leaves_out_what_grants_access(hub: LocalHub, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(hub, access_log=True) as served:
        record = served.post("datasets", {"name": "set"})
        bench = Bench(served, record["id"], record["slug"])
        bench.push("/a.png")
        address = bench.file("/a.png")
        served.send("GET", address)
        served.send("GET", f"{address}?token=12.hidden", key=None)
        served.send("GET", "releases/acme/set/v1.zip?expires=1&signature=hidden", key=None)
    shown = capfd.readouterr().err
    assert "/files/…" in shown
    assert "/releases/acme/set/v1.zip" in shown
    secrets = [address.rpartition(".")[2], "hidden", served.key()]
    assert not [one for one in secrets if one in shown]


def test_no_log_unless_asked_for(hub: LocalHub, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(hub) as served:
        served.send("GET", "nowhere")
    assert capfd.readouterr().err == ""


def test_fault_is_logged_under_its_number_and_hidden(caplog: pytest.LogCaptureFixture) -> None:
    hub = MemoryHub(DarwinJsonCodec(), SystemClock())
    hub.faults.fail("list_datasets", RuntimeError("a secret of the hub"))
    with serving(hub) as served:
        answer = served.send("GET", "datasets")
    assert answer.status == 500
    assert b"secret" not in answer.body
    (record,) = (one for one in caplog.records if one.name == "groundtruth.server")
    assert answer.errors["error_id"] in record.getMessage()
    assert record.exc_info


def test_hub_that_is_not_available(caplog: pytest.LogCaptureFixture) -> None:
    hub = MemoryHub(DarwinJsonCodec(), SystemClock())
    hub.faults.fail("list_datasets", Unavailable("the hub", "is busy", retry_after=1.5))
    with serving(hub) as served:
        answer = served.send("GET", "datasets")
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


def test_full_disk() -> None:
    from groundtruth.domain.errors import DiskFull

    hub = MemoryHub(DarwinJsonCodec(), SystemClock())
    with serving(hub) as served:
        record = served.post("datasets", {"name": "set"})
        slot = Bench(served, record["id"], record["slug"]).register("/a.png")["items"][0]["slots"][0]
        hub.faults.fail("receive", DiskFull("/a/path/of/the/hub", "No space left on device"))
        answer = served.send("PUT", slot["upload_url"], b"x", key=None)
    assert (answer.status, answer.errors) == (429, {"code": "INSUFFICIENT_REMAINING_STORAGE"})


def test_port_that_is_taken(hub: LocalHub) -> None:
    with serving(hub) as served, pytest.raises(InvalidInput):
        port = int(served.url.rpartition(":")[2])
        serve(hub, DarwinJsonCodec(), SystemClock(), ServerOptions(port=port))


@pytest.mark.parametrize(
    "options",
    [{"port": 70000}, {"port": -1}, {"tls_cert": "x"}, {"tls_key": "x"}, {"public_url": "hub.example"}],
    ids=str,
)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        ServerOptions(**options)


def test_missing_certificate(hub: LocalHub, tmp_path: Path) -> None:
    options = ServerOptions(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    with pytest.raises(StorageError):
        serve(hub, DarwinJsonCodec(), SystemClock(), options)


def test_many_clients_at_once(hub: LocalHub) -> None:
    with serving(hub) as served:
        record = served.post("datasets", {"name": "set"})
        bench = Bench(served, record["id"], record["slug"])
        faults: list[object] = []

        def work(number: int) -> None:
            try:
                for turn in range(3):
                    path = f"/{number}-{turn}.bin"
                    content = os.urandom(1000 + 2_000_000 * (turn == 1 and number % 4 == 0))
                    bench.push(path, content=content)
                    assert served.send("GET", bench.file(path)).body == content
            except BaseException as error:
                faults.append(error)
                raise

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults
        assert len(served.get(f"{ITEMS}/ids?dataset_ids={bench.id}")["item_ids"]) == 48
