from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidReference
from groundtruth.domain.reference import DatasetReference, parse_reference

slugs = st.from_regex(r"\A[A-Za-z0-9_.\-]{1,20}\Z").filter(lambda slug: slug not in {".", ".."})
references = st.builds(DatasetReference, slugs, slugs, release=st.none() | slugs, hub=st.none() | slugs)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("example-team/test", DatasetReference("example-team", "test")),
        ("example-team/test:0.1", DatasetReference("example-team", "test", "0.1")),
        ("polaris:owner/slug", DatasetReference("owner", "slug", None, "polaris")),
        ("hub:team/set:latest", DatasetReference("team", "set", "latest", "hub")),
        ("set", DatasetReference("mine", "set")),
        ("set:0.1", DatasetReference("mine", "set", "0.1")),
    ],
)
def test_parsing(text: str, reference: DatasetReference) -> None:
    assert parse_reference(text, "mine") == reference


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", ":", "a/", "/a", "a/b:", ":a/b", "a:/b", "a/b/c", "a/b:c:d", "a:b:c/d", "../b", "a/..", "a/b:.."),
        *("a/b c", "a b/c", "a/b\n", "é/b", "hub::team/set", "a/b:c/d", "a\x00/b"),
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse_reference(text, "mine")
    assert repr(text) in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("default", [None, ""])
def test_a_team_must_be_known(default: str | None) -> None:
    with pytest.raises(InvalidReference, match="names no team"):
        parse_reference("test:0.1", default)


@given(references)
def test_what_is_written_is_read(reference: DatasetReference) -> None:
    assert parse_reference(str(reference)) == reference
    assert parse_reference(str(reference), "another-team") == reference


@given(st.text() | st.lists(st.sampled_from(["a", "b.c", ":", "/", "..", ".", " ", "é"])).map("".join))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        reference = parse_reference(text, "mine")
    except InvalidReference:
        return
    assert parse_reference(str(reference)) == reference


def test_parts() -> None:
    reference = DatasetReference("team", "set", "0.1", "hub")
    assert reference.identifier == "team/set"
    assert str(reference.at("0.2")) == "hub:team/set:0.2"
    assert reference == DatasetReference("team", "set", "0.1", "hub")
