from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.digest import Digest, Manifest, ManifestEntry, first_difference
from groundtruth.domain.errors import InvalidInput

ZEROS, ONES = Digest("0" * 64), Digest("1" * 64)

digests = st.binary(min_size=32, max_size=32).map(lambda data: Digest(data.hex()))
entries = st.lists(
    st.builds(ManifestEntry, st.sampled_from("abcde"), st.integers(0, 2), st.sampled_from([None, ZEROS, ONES])),
    unique_by=lambda one: one.path,
)


@given(digests)
def test_digests_are_written_and_read(digest: Digest) -> None:
    assert Digest.parse(str(digest)) == digest
    assert str(digest).startswith("sha256:")


@pytest.mark.parametrize(
    "text",
    ["", "sha256:", "0" * 64, "md5:" + "0" * 32, "sha256:" + "A" * 64, "sha256:" + "0" * 63, f"sha256:{'0' * 64}\n"],
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidInput):
        Digest.parse(text)


@given(st.text())
def test_any_text_is_a_digest_or_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Digest.parse(text)
    with pytest.raises(InvalidInput):
        Digest(text)


def test_digests_have_an_order() -> None:
    assert ZEROS < ONES
    assert len({ZEROS, Digest("0" * 64), ONES}) == 2


def test_manifests() -> None:
    manifest = Manifest([ManifestEntry("a", 3, ZEROS), ManifestEntry("b", 4)])  # type: ignore[arg-type]
    assert [entry.path for entry in manifest] == ["a", "b"]
    assert manifest.size == 7
    assert Manifest(()).size == 0


def test_a_manifest_lists_a_path_once() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        Manifest((ManifestEntry("a", 1), ManifestEntry("a", 2)))


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ([], [], None),
        ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)], None),
        ([("a", 1), ("b", 2)], [("a", 1)], "b"),
        ([], [("z", 1), ("b", 2)], "b"),
        ([("a", 1), ("c", 2)], [("a", 1), ("c", 3), ("b", 1)], "b"),
    ],
)
def test_first_difference(one: list[tuple[str, int]], other: list[tuple[str, int]], difference: str | None) -> None:
    made = ([ManifestEntry(*facts) for facts in facts_of] for facts_of in (one, other))
    assert first_difference(*made) == difference


def test_digests_count() -> None:
    assert first_difference([ManifestEntry("a", 1, ZEROS)], [ManifestEntry("a", 1, ONES)]) == "a"


@given(entries, entries)
def test_first_difference_is_symmetric(one: list[ManifestEntry], other: list[ManifestEntry]) -> None:
    assert first_difference(one, other) == first_difference(other, one)
    assert (first_difference(one, other) is None) == (set(one) == set(other))
