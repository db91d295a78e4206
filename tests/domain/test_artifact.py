from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.artifact import (
    ArtifactId,
    ArtifactKind,
    ArtifactMeta,
    Owner,
    check_client_version,
    check_url,
    slugify_artifact,
)
from groundtruth.domain.errors import InvalidInput, InvalidName

NAME_CHARACTERS = "abcxyzABCXYZ019_-"


def test_owners_of_the_golden_cases(vectors: Path) -> None:
    for case in json.loads((vectors / "polaris" / "artifacts.json").read_text())["owners"]:
        if "error" in case["expected"]:
            with pytest.raises(InvalidName):
                Owner(case["slug"])
        else:
            assert str(Owner(case["slug"])) == case["slug"]


@given(st.text(NAME_CHARACTERS, max_size=70))
def test_a_derived_slug_is_a_slug_or_the_name_is_refused(name: str) -> None:
    try:
        meta = ArtifactMeta(name=name, owner="some-team")
    except InvalidName:
        assert not 4 <= len(name) <= 64 or len(name.strip("_-")) < 4
    else:
        assert meta.slug == slugify_artifact(name)
        assert ArtifactMeta(slug=meta.slug).slug == meta.slug
        assert ArtifactId.parse(str(meta.artifact_id)) == meta.artifact_id


@pytest.mark.parametrize("name", ["_ab_", "----", "ab\n", "a b c", "café", "abc.d", "abc", "x" * 65, "abcd\n"])
def test_names_that_give_no_slug(name: str) -> None:
    with pytest.raises(InvalidName):
        ArtifactMeta(name=name)


def test_a_name_that_gives_no_slug_may_come_with_one() -> None:
    assert ArtifactMeta(name="_ab_", slug="a-b-c").slug == "a-b-c"


def test_ids_need_an_owner_and_a_slug() -> None:
    meta = ArtifactMeta(name="My_Data")
    assert (meta.artifact_id, meta.urn(ArtifactKind.MODEL)) == (None, None)
    owned = attrs.evolve(meta, owner="some-team")
    assert str(owned.artifact_id) == "some-team/my-data"
    assert owned.urn(ArtifactKind.COMPETITION_PREDICTION) == "urn:polaris:competition-prediction:some-team:my-data"


@pytest.mark.parametrize("text", ["", "team", "some-team/", "/data", "some-team/data/more", "Team/data"])
def test_what_is_no_artifact_id(text: str) -> None:
    with pytest.raises(InvalidName):
        ArtifactId.parse(text)


@pytest.mark.parametrize("given", [{"tags": "abc"}, {"tags": [1]}, {"user_attributes": {"n": 1}}])
def test_texts_are_texts(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        ArtifactMeta(**given)


def test_a_meta_can_be_hashed_and_keeps_nothing_of_what_it_was_made_of() -> None:
    attributes = {"unit": "mM"}
    meta = ArtifactMeta(name="data", user_attributes=attributes)
    attributes["unit"] = "kg"
    assert meta.user_attributes == {"unit": "mM"}
    assert hash(meta) == hash(attrs.evolve(meta))


@pytest.mark.parametrize("version", ["dev", "0.13.0", "v80", "1.2.3.4.57", " 4.0rc1 ", "1!2.0.post3+ab.c-d", "1.0-1"])
def test_versions(version: str) -> None:
    assert check_client_version(version) == version


@pytest.mark.parametrize("version", ["", "latest", "1.0-foo", "1..0", "1.0+", None])
def test_what_is_no_version(version: Any) -> None:
    with pytest.raises(InvalidInput):
        check_client_version(version)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=c#d",
        "HTTP://EXAMPLE.org",
        "http://[::1]:80/",
        "https://user:pw@host/",
        "http://münchen.de/ü",
        "https://localhost",
        " https://a.b ",
    ],
)
def test_addresses_are_kept_as_given(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "example.org/a",
        "ftp://example.org",
        "https://a b.c",
        "http://a:99999/",
        "https://a.b:x",
        "http://a|b.c",
        "https://" + "a" * 2100,
        None,
        5,
    ],
)
def test_what_is_no_address(url: Any) -> None:
    with pytest.raises(InvalidInput):
        check_url(url)
