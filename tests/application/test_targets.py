from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.application import targets as module
from groundtruth.application.targets import Targets


def free(targets: Targets, *wanted: str) -> list[str]:
    return [str(targets.free(PurePosixPath(one))) for one in wanted]


def test_no_two_files_share_a_place() -> None:
    assert free(Targets(), "a.png", "a.png", "d/a.png", "d/a.png") == ["a.png", "a_2.png", "d/a.png", "d/a_2.png"]


def test_what_is_on_the_disk_is_gone_around() -> None:
    targets = Targets()
    assert free(targets, "a.png/0/l.png") == ["a.png/0/l.png"]
    targets.block("a.png", is_file=True)
    assert free(targets, "a.png/0/l.png", "a.png/0/r.png") == ["a.png_2/0/l.png", "a.png_2/0/r.png"]
    targets.block("b.png", is_file=False)
    assert free(targets, "b.png", "b.png/0/x.png") == ["b_2.png", "b.png/0/x.png"]


def test_a_place_that_was_not_used_is_given_back() -> None:
    targets = Targets(fold=True)
    assert free(targets, "A.mp4") == ["A.mp4"]
    targets.give_back(PurePosixPath("A.mp4"))
    assert free(targets, "a.mp4/0.png", "a.mp4") == ["a.mp4/0.png", "a_2.mp4"]


names = st.lists(st.sampled_from(["a", "A", "b", "a_2", "c.png"]), min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize("remembered", [1, 4096])
@given(wanted=st.lists(names, max_size=25), fold=st.booleans())
def test_files_and_folders_never_meet(remembered: int, wanted: list[str], fold: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "REMEMBERED", remembered)
        found = free(Targets(fold=fold), *wanted)
    places = [place.casefold() if fold else place for place in found]
    folders = {str(folder) for place in places for folder in PurePosixPath(place).parents}
    assert len(set(places)) == len(places)
    assert not folders & set(places)
