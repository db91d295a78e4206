from __future__ import annotations

import pytest

from groundtruth.domain.classes import CLASS_KINDS, AnnotationClass, Granularity, PropertyDefinition
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import InvalidInput, InvalidName
from groundtruth.domain.main_types import MAIN_TYPES
from groundtruth.domain.maintenance import Damage, Finding, HubCheck
from groundtruth.domain.media import SUPPORTED_SUFFIXES, SlotType, is_supported, slot_type_of


@pytest.mark.parametrize("kind", CLASS_KINDS)
def test_classes_of_every_kind(kind: str) -> None:
    assert AnnotationClass("car", kind).kind == kind


@pytest.mark.parametrize(("name", "kind"), [("", "tag"), ("  ", "tag"), ("car", "blob"), ("car", "")])
def test_what_is_no_class(name: str, kind: str) -> None:
    with pytest.raises(InvalidInput):
        AnnotationClass(name, kind)


def test_a_class_shares_nothing_with_another() -> None:
    assert AnnotationClass("a", "tag").metadata is not AnnotationClass("a", "tag").metadata


@pytest.mark.parametrize(
    ("granularity", "class_name", "valid"),
    [
        (Granularity.ITEM, None, True),
        (Granularity.ITEM, "car", False),
        (Granularity.SECTION, "car", True),
        (Granularity.ANNOTATION, "car", True),
        (Granularity.ANNOTATION, None, False),
    ],
)
def test_properties_belong_to_a_class_or_to_items(
    granularity: Granularity, class_name: str | None, valid: bool
) -> None:
    if valid:
        PropertyDefinition("damage", granularity=granularity, class_name=class_name)
        return
    with pytest.raises(InvalidInput, match="'damage'"):
        PropertyDefinition("damage", granularity=granularity, class_name=class_name)


def test_a_polygon_is_looked_for_before_its_bounding_box() -> None:
    assert MAIN_TYPES.index("polygon") < MAIN_TYPES.index("bounding_box")
    assert set(CLASS_KINDS) - set(MAIN_TYPES) == {"link"}


def test_datasets() -> None:
    assert str(Dataset(1, "Street Scenes", "street-scenes", "team").reference) == "team/street-scenes"
    with pytest.raises(InvalidName):
        Dataset(1, "x", "../x", "team")


def test_a_check_is_clean_without_findings() -> None:
    assert HubCheck(1, 2, 3, unreferenced=4).is_clean
    assert not HubCheck(1, 2, 3, (Finding("a", Damage.MISSING, ""),)).is_clean


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", SlotType.IMAGE),
        ("a.svs", SlotType.IMAGE),
        ("a.MP4", SlotType.VIDEO),
        ("a.nii.gz", SlotType.DICOM),
        ("a.nii", SlotType.DICOM),
        ("a.DCM", SlotType.DICOM),
        ("a.pdf", SlotType.PDF),
        ("unknown", SlotType.IMAGE),
    ],
)
def test_slot_types(name: str, kind: SlotType) -> None:
    assert slot_type_of(name) is kind


def test_supported_files() -> None:
    assert len(SUPPORTED_SUFFIXES) == len(set(SUPPORTED_SUFFIXES)) == 22
    assert all(is_supported(f"a{suffix}") and is_supported(f"A{suffix.upper()}") for suffix in SUPPORTED_SUFFIXES)
    assert not any(is_supported(name) for name in ("a.txt", "a", "a.gz", "a.jpg.txt", "jpg", ""))
