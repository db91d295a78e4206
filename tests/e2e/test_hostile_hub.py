"""A hub that means harm gets nothing: no file outside the destination, no memory, no time, no key."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import attrs
import pytest

from support.evil import KEY, TEAM, EvilHub, Handler, Server, as_bytes, as_json, running
from support.program import Program

DOTS = "../../../../../../../../../.."
LIMIT_MB = 400
"""Peak memory of a whole process that is sent too much; about 60 MB of it are Python and the libraries."""


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        server.answers["/blob"] = as_bytes(b"an image")
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    """A host that the key is not for."""
    with running() as server:
        server.answers["/stolen"] = as_bytes(b"an image")
        yield server


@pytest.fixture
def hub(server: Server) -> EvilHub:
    return EvilHub(server)


@pytest.fixture
def victim(program: Program, server: Server) -> Program:
    """The program with the hub known as `lab`, and short waits."""
    variables = {
        "GROUNDTRUTH_API_KEY": KEY,
        "GROUNDTRUTH_TEAM": TEAM,
        "DARWIN_RETRY_INITIAL_WAIT": "0",
        "DARWIN_RETRY_MAX_WAIT": "0",
        "DARWIN_RETRY_MAX_ATTEMPTS": "2",
    }
    ours = Program(program.home, program.folder, variables)
    ours.run("hub", "add", "lab", "--kind", "darwin", "--url", server.url)
    return ours


@attrs.frozen
class Ended:
    """A process that ended; `peak` is its own largest resident memory in MB."""

    returncode: int
    stdout: str
    stderr: str
    peak: float


def pull(victim: Program, *flags: str) -> Ended:
    """Pull, and see that it ends with a message that does not tell the key."""
    done, peak = victim.measured("--hub", "lab", "dataset", "pull", f"{TEAM}/set:r1", *flags)
    assert "Traceback" not in done.stderr, done.stderr
    assert KEY not in done.stdout + done.stderr
    return Ended(done.returncode, done.stdout, done.stderr, peak)


def outside(victim: Program) -> list[Path]:
    """Files that appeared anywhere but in the dataset's folder and in the program's own."""
    home = victim.home
    return [
        path
        for path in home.parent.rglob("*")
        if path.is_file() and not path.is_relative_to(victim.datasets) and path.name != "config.toml"
        and not path.name.startswith(".config.toml")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.png", f"/{DOTS}/tmp"),
        ("a.png", f"{DOTS}/x"),
        (f"{DOTS}/a.png", "/"),
        ("..", "/"),
        ("a.png", "C:\\windows"),
        ("C:a.png", "/C:/x"),
        ("\\\\host\\share\\a.png", "/"),
        ("/etc/passwd", "/"),
        ("a\0b.png", "/"),
        ("CON", "/aux"),
        ("x" * 400 + ".png", "/" + "y" * 400),
    ],
)
def test_no_name_leaves_the_destination(victim: Program, hub: EvilHub, name: str, path: str) -> None:
    hub.release(hub.archive([hub.document(name, path), hub.document("good.png")]))
    done = pull(victim)
    images = victim.datasets / TEAM / "set/images"
    assert (images / "good.png").read_bytes() == b"an image"
    assert outside(victim) == []
    for found in images.rglob("*"):
        assert found.resolve().is_relative_to(images.resolve())
    assert done.returncode in {0, 1}


def test_a_link_in_the_destination_is_not_followed(victim: Program, hub: EvilHub, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    images = victim.datasets / TEAM / "set/images"
    images.mkdir(parents=True)
    (images / "day1").symlink_to(elsewhere, target_is_directory=True)
    hub.release(hub.archive([hub.document("a.png", "/day1")]))
    assert pull(victim).returncode == 1
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["../../evil.json", "/tmp/evil.json", "..\\evil.json", ".v7/../../evil.json"])
def test_names_in_the_archive_are_no_paths(victim: Program, hub: EvilHub, name: str) -> None:
    hub.release(hub.archive([hub.document("good.png"), hub.document("evil.png")], ["good.json", name]))
    pull(victim)
    assert outside(victim) == []
    assert not list(victim.home.parent.rglob("evil.json"))


def test_a_bomb_is_not_unpacked(victim: Program, hub: EvilHub) -> None:
    packed = BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.json", "w", force_zip64=True) as member,
    ):
        member.write(b'{"version": "2.0", "item": {"name": "')
        for _ in range(1200):
            member.write(b"A" * (1 << 20))
        member.write(b'"}}')
    hub.release(packed.getvalue())
    done = pull(victim)
    assert done.returncode == 1
    assert "error:" in done.stderr or "problem:" in done.stderr
    assert sum(path.stat().st_size for path in victim.home.rglob("*") if path.is_file()) < 50 << 20
    assert done.peak < LIMIT_MB


def test_overlapping_members_are_refused(victim: Program, hub: EvilHub) -> None:
    """Many entries that share one piece of data: small to send, endless to read."""
    archive = bytearray(hub.archive([b'{"x": "' + b"A" * 100_000 + b'"}'] * 2))
    first = archive.find(b"PK\x01\x02")
    second = archive.find(b"PK\x01\x02", first + 4)
    archive[second + 42 : second + 46] = archive[first + 42 : first + 46]
    hub.release(bytes(archive))
    assert pull(victim).returncode == 1


@pytest.mark.timeout(120)
def test_an_endless_answer_ends(victim: Program, hub: EvilHub) -> None:
    def flood(handler: Handler) -> None:
        handler.stream(b'["' + b"A" * (1 << 20) if not number else b"A" * (1 << 20) for number in range(1024))

    hub.at("datasets", flood)
    done = pull(victim)
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert done.peak < LIMIT_MB


def test_endless_pages_end(victim: Program, hub: EvilHub) -> None:
    item = {
        "id": "018f0000-0000-7000-8000-000000000001", "name": "a.png", "path": "/", "dataset_id": 7, "status": "new",
        "archived": False, "slots": [],
    }  # fmt: skip
    hub.at(f"v2/teams/{TEAM}/items", as_json({"items": [item], "page": {"count": 1, "next": "again"}}))
    process = victim.start("--hub", "lab", "dataset", "files", f"{TEAM}/set")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error:" in errors


def test_a_web_page_is_no_answer(victim: Program, hub: EvilHub) -> None:
    hub.at("datasets", as_bytes(b"<!DOCTYPE html><html><body>Please log in</body></html>", "text/html"))
    done = pull(victim)
    assert done.returncode == 1
    assert "<html" not in done.stderr
    assert "web page" in done.stderr


def test_the_key_goes_to_the_hub_alone(victim: Program, hub: EvilHub, server: Server, other: Server) -> None:
    stolen = f"{other.url}/stolen"
    server.answers["/moved"] = lambda handler: handler.reply(302, b"", Location=stolen)
    documents = [hub.document("direct.png", url=stolen), hub.document("moved.png", url=f"{server.url}/moved")]
    hub.release(hub.archive(documents))
    assert pull(victim).returncode == 0
    images = victim.datasets / TEAM / "set/images"
    assert (images / "direct.png").read_bytes() == (images / "moved.png").read_bytes() == b"an image"
    assert len(other.seen) == 2
    assert other.keys == []
    assert set(server.keys) == {f"ApiKey {KEY}"}


@pytest.mark.parametrize("path", ["datasets", f"v2/teams/{TEAM}/datasets/set/exports"])
def test_the_api_cannot_be_moved_elsewhere(victim: Program, hub: EvilHub, other: Server, path: str) -> None:
    hub.at(path, lambda handler: handler.reply(302, b"", Location=f"{other.url}/api/{path}"))
    other.answers[f"/api/{path}"] = as_json([])
    assert pull(victim).returncode == 1
    assert other.keys == []


def test_the_archive_elsewhere_gets_no_key(victim: Program, hub: EvilHub, other: Server) -> None:
    hub.release(b"", f"{other.url}/r1.zip")
    other.answers["/r1.zip"] = as_bytes(hub.archive([hub.document("a.png")]), "application/zip")
    assert pull(victim).returncode == 0
    assert other.keys == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "blob:sha256/" + "0" * 64, "gopher://x"])
def test_other_addresses_than_of_the_web_are_refused(victim: Program, hub: EvilHub, url: str) -> None:
    hub.release(hub.archive([hub.document("a.png", url=url)]))
    done = pull(victim)
    assert done.returncode == 1
    assert not list((victim.datasets / TEAM / "set").rglob("a.png"))
