from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidName
from groundtruth.domain.names import (
    MAX_COMPONENT_BYTES,
    ROOT,
    RemotePath,
    check_item_name,
    check_slug,
    safe_component,
    slugify,
    stem_of,
    suffix_of,
)

DEVICES = ["con", "PRN", "aux", "NUL", "com1", "COM9", "lpt0", "LPT³", "CONIN$", "conout$"]

any_text = st.text(st.characters(exclude_categories=()), max_size=300)
"""Also lone surrogates, which JSON can hold and no file name can."""

hostile = any_text | st.lists(
    st.sampled_from(
        ["/", "\\", "..", ".", "\x00", "\n", ":", "~", "C:", "nul", " ", "é", "🦊", "a", "x" * 200, ".gz"]
    )
).map("".join)


# --- slugs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["a", "street-scenes_2", "0.1", "A.b-C_d", "...", "x" * 255])
def test_slugs(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", ".", "..", "a b", "a/b", "a\n", "é", "a:b", "x" * 256, "a\x00"])
def test_what_is_no_slug(slug: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_slug(slug, "team")
    assert caught.value.message.startswith(f"team {slug!r}")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Street Scenes", "street-scenes"),
        ("  Day 2: rain/fog ", "day-2-rain-fog"),
        ("v1.0_final", "v1.0_final"),
        ("--a--b--", "a-b"),
        ("Größe", "gr-e"),
    ],
)
def test_slugs_come_from_names(name: str, slug: str) -> None:
    assert slugify(name) == slug


@pytest.mark.parametrize("name", ["", "   ", "///", "☀️", "..", "-.-", "x" * 256])
def test_names_without_a_slug(name: str) -> None:
    with pytest.raises(InvalidName):
        slugify(name)


@given(any_text)
def test_a_slug_is_a_slug_or_refused(name: str) -> None:
    try:
        slug = slugify(name)
    except InvalidName:
        return
    assert check_slug(slug) == slug
    assert slugify(slug) == slug


# --- item names and folders -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a\nb", "🦊", " ", "..", "x" * 5000, "a/b"])
def test_item_names_are_free(name: str) -> None:
    assert check_item_name(name) == name


@pytest.mark.parametrize("name", ["", "a\x00b", "a\ud800"])
def test_item_names_that_no_hub_can_hold(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_item_name(name)
    caught.value.message.encode()


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("", "/"),
        ("/", "/"),
        ("a/b", "/a/b"),
        ("/a/b/", "/a/b"),
        ("//a/./b//", "/a/b"),
        (".", "/"),
        ("...", "/..."),
        ("/día/🦊", "/día/🦊"),
    ],
)
def test_folders_are_normalised(raw: str, value: str) -> None:
    path = RemotePath(raw)
    assert (path.value, str(path)) == (value, value)
    assert path.parts == tuple(part for part in value.split("/") if part)


@pytest.mark.parametrize("raw", ["..", "/a/../b", "a\x00", "a/\udc80"])
def test_folders_that_are_refused(raw: str) -> None:
    with pytest.raises(InvalidName) as caught:
        RemotePath(raw)
    caught.value.message.encode()


def test_joining() -> None:
    assert ROOT.join("a.jpg") == "/a.jpg"
    assert RemotePath("/day1/left").join("a.jpg") == "/day1/left/a.jpg"


@given(hostile)
def test_a_folder_is_normal_or_refused(raw: str) -> None:
    try:
        path = RemotePath(raw)
    except InvalidName:
        return
    assert path.value.startswith("/")
    assert not set(path.parts) & {"", ".", ".."}
    assert RemotePath(path.value) == path
    assert "/" + "/".join(path.parts) == path.value


# --- safe names -------------------------------------------------------------------------------------


@given(hostile)
@example("." * 300)
@example(" " * 300)
@example("nul." + "x" * 300)
@example("🦊" * 64)
def test_a_safe_name_is_one_file_name(name: str) -> None:
    safe = safe_component(name)
    assert safe not in {"", ".", ".."}
    assert not set(safe) & set('/\\\x00<>"|?*') and not any(ord(character) < 32 for character in safe)
    assert len(safe.encode()) <= MAX_COMPONENT_BYTES
    assert safe.strip(". ") != ""
    assert safe.split(".")[0].rstrip().lower() not in {device.lower() for device in DEVICES}
    assert safe_component(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.jpg", "a.jpg"),
        ("día 🦊.jpg", "día 🦊.jpg"),
        ('<a>"b"|c?*.jpg', "_a__b__c__.jpg"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..\\x", ".._x"),
        ("line\nbreak\ttab\x7f", "line_break_tab_"),
        ("", "_"),
        (".", "_."),
        ("..", "_.."),
        (". .", "_. ."),
        ("nul", "_nul"),
        ("Nul.tar.gz", "_Nul.tar.gz"),
        ("nul .txt", "_nul .txt"),
        ("null.txt", "null.txt"),
        ("com10", "com10"),
        ("a\ud800b", "a_b"),
        ("x" * 251 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_component(name) == safe


@pytest.mark.parametrize("device", DEVICES)
def test_devices_are_no_files(device: str) -> None:
    for name in (device, f"{device}.txt", f"{device}.a.b", f"{device} "):
        assert safe_component(name) == f"_{name}"


@given(st.text(min_size=256, max_size=400), st.text(min_size=256, max_size=400))
def test_long_names_stay_apart(one: str, other: str) -> None:
    assert (safe_component(one) == safe_component(other)) == (one == other)


def test_long_names_of_half_characters_stay_apart() -> None:
    assert safe_component("\ud800" * 300) != safe_component("\ud801" * 300)


@pytest.mark.parametrize("suffix", [".jpg", ".nii.gz", ".JPEG"])
def test_long_names_keep_their_suffix(suffix: str) -> None:
    safe = safe_component("é" * 200 + suffix)
    assert safe.endswith(suffix)
    assert safe.startswith("é" * 100)
    assert len(safe.encode()) in {MAX_COMPONENT_BYTES, MAX_COMPONENT_BYTES - 1}


def test_a_suffix_may_be_too_long_to_keep() -> None:
    assert len(safe_component("a." + "x" * 400).encode()) == MAX_COMPONENT_BYTES


# --- suffixes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.jpg", "a", ".jpg"),
        ("scan.v1.final.png", "scan.v1.final", ".png"),
        ("scan.nii.gz", "scan", ".nii.gz"),
        ("SCAN.NII.GZ", "SCAN", ".NII.GZ"),
        ("a.tar.gz", "a.tar", ".gz"),
        ("plain", "plain", ""),
        (".hidden", ".hidden", ""),
        (".hidden.png", ".hidden", ".png"),
        ("ends.", "ends.", ""),
        ("", "", ""),
        ("day1.5/plain", "day1.5/plain", ""),
        ("day1.5/a.jpg", "day1.5/a", ".jpg"),
        ("a.txt/", "a.txt/", ""),
        ("a/..", "a/..", ""),
    ],
)
def test_suffixes(name: str, stem: str, suffix: str) -> None:
    assert (stem_of(name), suffix_of(name)) == (stem, suffix)


@given(hostile)
def test_stem_and_suffix_make_the_name(name: str) -> None:
    assert stem_of(name) + suffix_of(name) == name
