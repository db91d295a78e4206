from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidName
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.release import Release, ReleaseStatus, check_release_name, newest

START = datetime(2026, 1, 1, tzinfo=UTC)
COMPLETE, PENDING, FAILED = ReleaseStatus.COMPLETE, ReleaseStatus.PENDING, ReleaseStatus.FAILED


def release(name: str, day: int, status: ReleaseStatus = COMPLETE, latest: bool = False) -> Release:
    """A release of a day."""
    return Release(name, "team", "set", status, START + timedelta(days=day), latest)


@pytest.mark.parametrize("name", ["0.1", "v1", "x" * 100, "Latest", "a_b-c.d"])
def test_release_names(name: str) -> None:
    assert check_release_name(name) == name


@pytest.mark.parametrize("name", ["", "latest", ".", "..", "a/b", "a b", "x" * 101, "a:b", "é", "a\n", "\x00"])
def test_what_is_no_release_name(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_release_name(name)
    assert repr(name) in caught.value.message
    assert caught.value.remedy


@given(st.text())
def test_any_text_is_a_release_name_or_refused(name: str) -> None:
    try:
        assert check_release_name(name) == name
    except InvalidName:
        return
    assert "/" not in name and name not in {"", ".", ".."}


@pytest.mark.parametrize(
    ("releases", "name"),
    [
        ([], None),
        ([release("a", 1, PENDING), release("b", 2, FAILED)], None),
        ([release("a", 1), release("b", 3), release("c", 2)], "b"),
        ([release("a", 1), release("b", 3, PENDING)], "a"),
        ([release("a", 1, latest=True), release("b", 3)], "a"),
        ([release("a", 1, latest=True), release("b", 2, latest=True)], "b"),
        ([release("a", 1, PENDING, latest=True), release("b", 0)], "b"),
    ],
)
def test_the_newest(releases: list[Release], name: str | None) -> None:
    for ordered in (releases, releases[::-1]):
        found = newest(ordered)
        assert (found.name if found else None) == name


def test_a_release_knows_its_reference() -> None:
    assert release("0.1", 0).reference == DatasetReference("team", "set", "0.1")
