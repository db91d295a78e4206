"""Which files are media, and of which kind (reference: V7 Darwin, section 5.1)."""

from __future__ import annotations

import enum
from pathlib import PurePath

IMAGE_SUFFIXES = (".png", ".jpeg", ".jpg", ".jfif", ".tif", ".tiff", ".qtiff", ".bmp", ".svs", ".webp")
VIDEO_SUFFIXES = (
    ".avi", ".bpm", ".dcm", ".mov", ".mp4", ".mkv", ".hevc", ".pdf", ".nii", ".nii.gz", ".ndpi", ".rvg",
)  # fmt: skip
"""Videos, volumes and documents: what a hub unfolds into frames."""

SUPPORTED_SUFFIXES = IMAGE_SUFFIXES + VIDEO_SUFFIXES


class SlotType(enum.StrEnum):
    """Kind of content of a slot."""

    IMAGE = "image"
    VIDEO = "video"
    PDF = "pdf"
    DICOM = "dicom"


def is_supported(name: str | PurePath) -> bool:
    """True if a file of this name can be uploaded (case does not matter)."""
    return str(name).lower().endswith(SUPPORTED_SUFFIXES)


def slot_type_of(name: str) -> SlotType:
    """Kind of slot that a file of this name becomes: by its suffix, image when unknown."""
    lowered = name.lower()
    if lowered.endswith(".pdf"):
        return SlotType.PDF
    if lowered.endswith((".dcm", ".nii", ".nii.gz")):
        return SlotType.DICOM
    if lowered.endswith(VIDEO_SUFFIXES):
        return SlotType.VIDEO
    return SlotType.IMAGE
