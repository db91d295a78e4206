from __future__ import annotations

from pathlib import Path

import pytest

from groundtruth.adapters.memory import (
    FakeClock,
    Faults,
    MemoryCredentials,
    MemoryFiles,
    MemoryFrameExtractor,
    MemoryProbe,
    MemoryRunner,
    MemorySource,
    fake_video,
)
from groundtruth.domain.errors import (
    DiskFull,
    LinkExpired,
    MissingExtra,
    NotReadable,
    NotWritable,
    ObjectNotFound,
    Unavailable,
)
from groundtruth.ports.files import FoundFile
from groundtruth.ports.media import MediaInfo


def raised(faults: Faults, method: str, *arguments: object) -> bool:
    """True if a call fails."""
    try:
        faults.check(method, *arguments)
    except Unavailable:
        return True
    return False


def test_nothing_fails_by_itself() -> None:
    assert not raised(Faults(), "put", 1)


def test_a_method_fails_as_often_as_told() -> None:
    faults = Faults()
    faults.fail("put", Unavailable(), times=2)
    assert [raised(faults, "put", number) for number in range(4)] == [True, True, False, False]
    assert not raised(faults, "confirm")


def test_a_method_fails_for_good() -> None:
    faults = Faults()
    faults.fail("put", Unavailable(), times=None)
    assert all(raised(faults, "put") for _ in range(10))
    faults.clear()
    assert not raised(faults, "put")


def test_a_call_fails_by_its_arguments() -> None:
    faults = Faults()
    faults.fail_when("put", lambda name, size: size > 5, Unavailable(), times=1)
    assert [raised(faults, "put", "a", size) for size in (1, 9, 9)] == [False, True, False]


def test_faults_take_turns() -> None:
    faults = Faults()
    faults.fail("put", Unavailable("first"))
    faults.fail("put", Unavailable("second"))
    for name in ("first", "second"):
        with pytest.raises(Unavailable, match=name):
            faults.check("put")


def test_an_error_raised_often_keeps_no_tracebacks() -> None:
    faults, error = Faults(), Unavailable()
    faults.fail("put", error, times=None)
    lengths = set()
    for _ in range(3):
        raised(faults, "put")
        trace, length = error.__traceback__, 0
        while trace is not None:
            trace, length = trace.tb_next, length + 1
        lengths.add(length)
    assert len(lengths) == 1


# --- every fake can be told to fail -----------------------------------------------------------------


def test_credentials() -> None:
    store = MemoryCredentials()
    store.faults.fail("set", NotWritable("/keys", "is read-only"))
    with pytest.raises(NotWritable):
        store.set("hub", "team", "secret")
    assert store.get("hub", "team") is None


def test_clock() -> None:
    clock = FakeClock()
    start = clock.now()
    clock.sleep(1.5)
    clock.sleep(-1)
    clock.advance(2)
    assert (clock.sleeps, clock.monotonic(), (clock.now() - start).total_seconds()) == ([1.5, -1], 3.5, 3.5)
    clock.set(start)
    assert (clock.now(), clock.monotonic()) == (start, 3.5)
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    clock.faults.fail("sleep", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        clock.sleep(10)
    assert clock.monotonic() == 3.5


def test_runner() -> None:
    runner = MemoryRunner()
    runner.faults.fail_when("map", lambda value: value == 3, DiskFull("/"))
    results = runner.map(str, range(5))
    assert [next(results) for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(DiskFull):
        next(results)
    assert runner.calls == 3


def test_files() -> None:
    files = MemoryFiles({"/photos/a.png": b"a", "/photos/secret.png": PermissionError(13, "Permission denied")})
    found, refused = files.find([Path("/photos")])
    assert found == FoundFile(Path("/photos/a.png"), Path("/photos"), 1)
    assert isinstance(refused, PermissionError)
    assert (refused.filename, refused.strerror) == ("/photos/secret.png", "Permission denied")
    with pytest.raises(NotReadable, match=r"/photos/secret\.png: Permission denied"):
        files.read(Path("/photos/secret.png"))
    files.faults.fail("read", NotReadable("/photos/a.png", "vanished"))
    with pytest.raises(NotReadable, match="vanished"):
        files.read(Path("/photos/a.png"))
    assert files.read(Path("/photos/a.png")) == b"a"


def test_media(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(fake_video(64, 48, 10, 5.0))
    probe = MemoryProbe({"photo.jpg": MediaInfo(1, 2)})
    assert probe.probe(video, "clip.mp4") == MediaInfo(64, 48, 5.0, 10)
    assert probe.probe(tmp_path / "missing", "photo.jpg") == MediaInfo(1, 2)
    extractor = MemoryFrameExtractor()
    extractor.faults.fail("extract", MissingExtra("video", "video"))
    with pytest.raises(MissingExtra):
        next(extractor.extract(video, tmp_path, None))
    extractor.faults.fail_when("frame", lambda _, position: position == 2, DiskFull(str(tmp_path)))
    frames = extractor.extract(video, tmp_path, None)
    assert [next(frames).name for _ in range(2)] == ["0000000.png", "0000001.png"]
    with pytest.raises(DiskFull):
        next(frames)


def test_links_expire_and_are_renewed() -> None:
    source = MemorySource()
    url = source.add(b"data")
    assert source.add(b"data") == url
    source.expire(url)
    with pytest.raises(LinkExpired):
        source.open(url)
    fresh = source.renew(url)
    assert fresh != url
    assert b"".join(source.open(fresh).chunks()) == b"data"
    source.expire(fresh)
    assert source.renew(fresh) not in {url, fresh}
    with pytest.raises(ObjectNotFound):
        source.renew("memory:nothing")
    assert source.opened == [url, fresh]
