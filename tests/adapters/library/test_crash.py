"""Killed at any step of a publication, the library heals itself: nothing half, nothing of the user's lost."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.library import FileLibrary
from groundtruth.ports.library import LocalRelease
from groundtruth.testing.library import REFERENCE, digest_of, release_named

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")

DOCUMENTS = ("a", "b", "c")
EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.listdir", "os.scandir"}


def publish(root: Path, name: str, content: str) -> LocalRelease:
    """Pull a release whose documents and picture all hold `content`."""
    library = FileLibrary(root, SystemClock(), case_sensitive=True)
    staging = library.stage(release_named(name, content=content), "flat")
    for document in DOCUMENTS:
        staging.add_document(document, content.encode())
    target, data = PurePosixPath("day/a.png"), content.encode()
    place = staging.claim(target, len(data), digest_of(data))
    if not place.exists() or place.read_bytes() != data:
        temporary = root / f".fetched-{os.getpid()}"
        temporary.write_bytes(data)
        os.replace(temporary, place)
    staging.add_file(target, len(data), place.stat().st_mtime_ns, digest_of(data))
    published = staging.publish(len(DOCUMENTS), [])
    library.set_latest(published)
    return published


def in_child(work: Callable[[], object]) -> int:
    """Start a process that does the work; return its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def finished(child: int) -> bool:
    """Wait for a child; True if it ended by itself, False if it was killed. Fails if it failed."""
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def die_at(step: int) -> None:
    """Kill this process (for real) at its n-th look at or change of the file system."""
    left = step

    def count(event: str, arguments: object) -> None:
        nonlocal left
        if event in EVENTS:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def check_whole(root: Path, name: str, contents: set[str]) -> str:
    """The release is one of those published, complete, and its splits are there; return which one it is."""
    library = FileLibrary(root, SystemClock(), case_sensitive=True)
    release = library.release(REFERENCE.at(name))
    assert release is not None
    files = library.annotation_files(release)
    assert [file.stem for file in files] == list(DOCUMENTS)
    (content,) = {file.read_text() for file in files}
    assert content in contents
    assert release.digest == digest_of(content.encode())
    assert (release.path / "lists" / "mine" / "train.txt").read_text() == "kept\n"
    assert (release.path / "lists" / "default" / "train.txt").read_text() == "kept\n"
    assert (release.path / "other_formats" / "coco" / "output.json").read_text() == "{}"
    assert [one.releases for one in library.list_datasets()] == [tuple(sorted({"0.0", name}))]
    return content


def prepare(root: Path) -> None:
    """A release of the user's, with splits and conversions, and another one that needs the picture as it is."""
    published = publish(root, "0.1", "one")
    publish(root, "0.0", "zero")
    FileLibrary(root, SystemClock()).write_lists(published, "mine", [("train.txt", ["kept"])])
    other = published.path / "other_formats" / "coco"
    other.mkdir(parents=True)
    (other / "output.json").write_text("{}")


def leftovers(root: Path) -> list[str]:
    releases = root / "team" / "set" / "releases"
    return sorted(name for name in os.listdir(releases) if name.startswith((".incoming-", ".old-", ".trash-")))


def test_killed_at_every_step_of_a_publication(tmp_path: Path) -> None:
    survived, step, outcomes = False, 0, []
    while not survived:
        root = tmp_path / f"{step}"
        prepare(root)
        survived = finished(in_child(lambda at=step, where=root: (die_at(at), publish(where, "0.1", "two"))))
        outcomes.append(check_whole(root, "0.1", {"one", "two"}))
        library = FileLibrary(root, SystemClock(), case_sensitive=True)
        if outcomes[-1] == "two":
            release = library.release(REFERENCE.at("0.1"))
            assert release is not None
            assert list(library.verify(release)) == []
        publish(root, "0.1", "two")
        assert check_whole(root, "0.1", {"two"}) == "two"
        assert leftovers(root) == []
        assert (root / "team" / "set" / "images" / "day" / "a.png").read_text() == "two"
        step += 1
    # There is one moment of truth: before it the old release is seen, after it the new one.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {"one", "two"}
    assert step > 40


def test_killed_while_publishing_in_a_loop(tmp_path: Path) -> None:
    root = tmp_path / "library"
    prepare(root)
    draw = random.Random(1)

    def publish_on() -> None:
        for number in range(1_000_000):
            publish(root, "0.1", f"round {number % 7}")

    contents = {"one", *(f"round {number}" for number in range(7))}
    for _ in range(30):
        child = in_child(publish_on)
        time.sleep(draw.uniform(0.005, 0.06))
        os.kill(child, signal.SIGKILL)
        finished(child)
        check_whole(root, "0.1", contents)
    publish(root, "0.1", "last")
    check_whole(root, "0.1", {"last"})
    assert leftovers(root) == []


def test_the_release_is_there_all_the_time_while_others_publish(tmp_path: Path) -> None:
    root = tmp_path / "library"
    prepare(root)

    def publish_some(content: str) -> None:
        for _ in range(60):
            publish(root, "0.1", content)

    children = [in_child(lambda chosen=content: publish_some(chosen)) for content in ("left", "right")]
    library = FileLibrary(root, SystemClock(), case_sensitive=True)
    seen = set()
    alive = set(children)
    while alive:
        release = library.release(REFERENCE.at("0.1"))
        assert release is not None
        seen.add(release.digest)
        alive -= {child for child in alive if os.waitpid(child, os.WNOHANG)[0] == child}
    assert check_whole(root, "0.1", {"left", "right"}) in {"left", "right"}
    publish(root, "0.1", "last")
    assert leftovers(root) == []
    assert len(seen) > 1


def test_two_processes_pull_the_same_release(tmp_path: Path) -> None:
    """Each fetches every file anew, so each replaces what the other has recorded."""
    root = tmp_path / "library"

    def pull(seed: int) -> None:
        library = FileLibrary(root, SystemClock(), case_sensitive=True)
        staging = library.stage(release_named("0.1"), "flat")
        draw = random.Random(seed)
        for number in range(40):
            target = PurePosixPath(f"{number}.png")
            place = staging.claim(target)
            temporary = root / f"{seed}-{number}"
            temporary.write_bytes(b"%d" % number)
            os.replace(temporary, place)
            staging.add_file(target, len(str(number)), place.stat().st_mtime_ns, digest_of(str(number).encode()))
            time.sleep(draw.uniform(0, 0.002))
        staging.publish(0, [])

    for _ in range(3):
        children = [in_child(lambda chosen=seed: pull(chosen)) for seed in (1, 2)]
        assert [finished(child) for child in children] == [True, True]
        library = FileLibrary(root, SystemClock(), case_sensitive=True)
        release = library.release(REFERENCE.at("0.1"))
        assert release is not None
        assert release.is_complete
        assert release.file_count == 40
        assert list(library.verify(release)) == []
        assert library.is_intact(release)


def test_a_living_staging_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "library"
    library = FileLibrary(root, SystemClock())
    slow = library.stage(release_named("0.1"), "flat")
    slow.add_document("slow", b"{}")
    scratch = slow.scratch("clip")
    scratch.write_bytes(b"video")
    finished(in_child(lambda: publish(root, "0.1", "quick")))
    publish(root, "0.2", "other")
    assert scratch.read_bytes() == b"video"
    published = slow.publish(1, [])
    assert [file.name for file in library.annotation_files(published)] == ["slow.json"]
    assert leftovers(root) == []
    assert not scratch.exists()


def test_what_a_dead_process_staged_is_cleared_away(tmp_path: Path) -> None:
    root = tmp_path / "library"

    def stage_and_die() -> None:
        staging = FileLibrary(root, SystemClock()).stage(release_named("0.1"), "flat")
        staging.add_document("a", b"{}")
        staging.scratch("clip").write_bytes(b"video")
        os.kill(os.getpid(), signal.SIGKILL)

    assert not finished(in_child(stage_and_die))
    assert len(leftovers(root)) == 2
    library = FileLibrary(root, SystemClock())
    staging = library.stage(release_named("0.1"), "flat")
    assert staging.scratch("clip").read_bytes() == b"video"
    staging.abandon()
    assert leftovers(root) == []
    other = library.stage(release_named("0.2"), "flat")
    other.abandon()
    assert not (root / "team" / "set" / ".groundtruth" / "scratch" / "0.1").exists()
