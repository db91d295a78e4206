from __future__ import annotations

import pytest

from groundtruth.application.releases import ExportRelease, ListReleases, Waiting
from groundtruth.domain.errors import Conflict, InvalidInput, InvalidName, NameTaken, ReleaseNotFound, ReleasePending
from groundtruth.domain.release import ReleaseStatus
from groundtruth.ports.progress import Warned
from support.world import REFERENCE, World

PATIENT = Waiting(timeout=25, interval=10)


@pytest.fixture
def pushed(world: World) -> World:
    world.push(preserve_folders=True)
    return world


def test_a_release_in_progress_is_waited_for(pushed: World) -> None:
    pushed.hub.hold_releases()
    release = pushed.export()
    with pytest.raises(ReleasePending):
        pushed.pull(waiting=PATIENT)
    assert pushed.clock.sleeps == [10, 10, 5]
    assert len(pushed.progress.of(Warned)) == 3
    pushed.hub.finish_release(release)
    assert pushed.pull(waiting=PATIENT).is_complete


def test_a_release_in_progress_is_not_waited_for_unasked(pushed: World) -> None:
    pushed.hub.hold_releases()
    pushed.export()
    with pytest.raises(ReleasePending, match="--retry"):
        pushed.pull("0.1")
    with pytest.raises(ReleaseNotFound, match=r"0\.1 \(pending\)"):
        pushed.pull()
    assert pushed.clock.sleeps == []


def test_a_failed_release_is_not_waited_for(pushed: World) -> None:
    pushed.hub.hold_releases()
    pushed.hub.finish_release(pushed.export(), ReleaseStatus.FAILED)
    with pytest.raises(Conflict, match="failed on the hub"):
        pushed.pull("0.1", waiting=PATIENT)
    assert pushed.clock.sleeps == []


def test_a_failed_release_does_not_hide_the_newest_good_one(pushed: World) -> None:
    pushed.export("good")
    pushed.clock.advance(60)
    pushed.hub.hold_releases()
    pushed.hub.finish_release(pushed.export("bad"), ReleaseStatus.FAILED)
    assert pushed.pull(waiting=PATIENT).release.name == "good"
    assert pushed.pull().release.name == "good"


def test_a_release_that_is_not_there(pushed: World) -> None:
    with pytest.raises(ReleaseNotFound, match="dataset export"):
        pushed.pull()
    pushed.export("1")
    with pytest.raises(ReleaseNotFound, match="It has: 1"):
        pushed.pull("2")


@pytest.mark.parametrize(("timeout", "interval"), [(-1, 1), (1, 0), (float("nan"), 1), (1, float("nan"))])
def test_waits_that_are_none(timeout: float, interval: float) -> None:
    with pytest.raises(InvalidInput):
        Waiting(timeout, interval)


def test_releases_are_listed_newest_first(pushed: World) -> None:
    pushed.export("1")
    pushed.clock.advance(60)
    pushed.export("2")
    assert [one.name for one in ListReleases(pushed.hub, pushed.hub)(REFERENCE)] == ["2", "1"]


@pytest.mark.parametrize("name", ["latest", "a/b", "", "..", "x" * 101])
def test_names_no_release_can_have(pushed: World, name: str) -> None:
    pushed.hub.faults.fail("get_dataset", AssertionError("the hub was asked"))
    with pytest.raises(InvalidName):
        ExportRelease(pushed.hub, pushed.hub)(REFERENCE, name)


def test_releases_never_change(pushed: World) -> None:
    pushed.export("1")
    with pytest.raises(NameTaken):
        pushed.export("1")
