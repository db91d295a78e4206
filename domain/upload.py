"""What is pushed: items with slots made from local files (reference: V7 Darwin, section 5)."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from .errors import InvalidInput
from .media import IMAGE_SUFFIXES
from .names import ROOT, RemotePath, check_item_name


class MergeMode(enum.StrEnum):
    """How the files of one folder become one item."""

    SLOTS = "slots"
    SERIES = "series"
    CHANNELS = "channels"


def check_fps(fps: float | str | None) -> None:
    """Accept a frame rate to take of videos: frames per second (0: unset), `native`, or None.

    Raises:
        InvalidInput: it is none of these.
    """
    if isinstance(fps, str) and fps != "native":
        raise InvalidInput(f"frame rate {fps!r}", "is neither a number nor 'native'")
    if isinstance(fps, int | float) and not 0 <= fps < 1e6:
        raise InvalidInput(f"frame rate {fps}", "is out of range", "Give frames per second, or 'native'")


@attrs.frozen
class NewSlot:
    """A slot to be uploaded.

    `sources` are the local files; several of them (a DICOM series) travel as one uncompressed zip named
    `file_name`. `fps` is frames per second, `native`, or 0 for unset, as the Darwin API takes it.
    """

    name: str
    file_name: str
    sources: tuple[Path, ...] = attrs.field(converter=tuple)
    fps: float | str = 0
    as_frames: bool = False
    extract_views: bool = False
    tags: tuple[str, ...] = ()


@attrs.frozen
class NewItem:
    """An item to be registered: name, folder, slots and how the slots are laid out."""

    name: str = attrs.field(validator=lambda _, __, value: check_item_name(value) and None)
    slots: tuple[NewSlot, ...] = attrs.field(converter=tuple)
    path: RemotePath = ROOT
    layout: Mapping[str, Any] | None = None

    @property
    def full_path(self) -> str:
        """Folder and name, as in `/day1/a.jpg`."""
        return self.path.join(self.name)


@attrs.frozen
class UploadOptions:
    """Options that hold for a whole push."""

    handle_as_slices: bool = False


class BlockReason(enum.StrEnum):
    """Why a hub does not take an item; unknown reasons become UNEXPECTED_ERROR."""

    ALREADY_EXISTS = "ALREADY_EXISTS"
    FILE_UPLOAD_TIMEOUT = "FILE_UPLOAD_TIMEOUT"
    FILE_UPLOAD_FAILED = "FILE_UPLOAD_FAILED"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    ITEM_COUNT_LIMIT_EXCEEDED = "ITEM_COUNT_LIMIT_EXCEEDED"
    UNKNOWN_TAGS = "UNKNOWN_TAGS"


@attrs.frozen
class PendingUpload:
    """A slot the hub waits for: where it belongs, and what is to be sent."""

    upload_id: str
    item_id: str
    item_path: str
    slot: NewSlot


@attrs.frozen
class BlockedItem:
    """An item (or one slot of it) the hub refuses."""

    item: NewItem
    reason: BlockReason
    detail: str = ""


@attrs.frozen
class Registration:
    """Answer to registering items."""

    uploads: tuple[PendingUpload, ...] = ()
    blocked: tuple[BlockedItem, ...] = ()


# --- folders as items -------------------------------------------------------------------------------

MAX_VIEWPORTS = 16


def slots_grid(names: Sequence[str]) -> list[list[list[str]]]:
    """Lay slot names out in a grid: columns left to right, each a list of one-name cells (section 5.3).

    The grid has ceil(sqrt n) columns (3 has 3) and is filled row by row. At most 16 names are shown.
    """
    shown = names[:MAX_VIEWPORTS]
    columns = 3 if len(shown) == 3 else math.ceil(math.sqrt(len(shown)))
    return [[[name] for name in shown[column::columns]] for column in range(columns)]


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key under which `img2` comes before `img10`."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in re.split(r"([0-9]+)", text)
        if part
    ]


def merged_item(folder: str, files: Iterable[Path], mode: MergeMode, fps: float | str = 0) -> NewItem | None:
    """Make one item of a folder's files, in natural order; None if none of them fits the mode.

    Raises:
        InvalidInput: over 16 channels, or a file that is not an image among channels, not `.dcm` in a series.
    """
    # Names that count as equal (`IMG1`, `img01`) are told apart, or the order would be that of the disk.
    ordered = sorted(files, key=lambda file: (natural_key(file.name), file.name))
    if not ordered:
        return None
    if mode is MergeMode.SLOTS:
        names = [str(position) for position in range(len(ordered))]
        slots = [NewSlot(name, file.name, (file,), fps) for name, file in zip(names, ordered, strict=True)]
        return NewItem(folder, slots, layout={"version": 3, "slots_grid": slots_grid(names)})
    if mode is MergeMode.SERIES:
        _require(folder, ordered, (".dcm",), "a series takes .dcm files only")
        return NewItem(folder, [NewSlot("0", f"{folder}.dcm", tuple(ordered), fps)])
    _require(folder, ordered, IMAGE_SUFFIXES, "channels take images only")
    if len(ordered) > MAX_VIEWPORTS:
        raise InvalidInput(f"folder '{folder}'", f"has {len(ordered)} channels", f"At most {MAX_VIEWPORTS} fit")
    slots = [NewSlot(file.name, file.name, (file,), fps) for file in ordered]
    return NewItem(folder, slots, layout={"version": 3, "slots_grid": [[[slot.name for slot in slots]]]})


def _require(folder: str, files: Iterable[Path], suffixes: tuple[str, ...], rule: str) -> None:
    odd = [file.name for file in files if not file.name.lower().endswith(suffixes)]
    if odd:
        raise InvalidInput(f"folder '{folder}'", f"holds '{odd[0]}'", rule.capitalize())
