"""Placement: where the files of a pulled item go (reference: V7 Darwin, section 7.4).

Targets are POSIX paths below the dataset's `images/` folder. All names are mapped by `safe_component`,
so no target leaves that folder whatever a hub answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

import attrs

from .digest import Digest
from .errors import InvalidInput
from .item import ItemDescription, Slot
from .media import SlotType, slot_type_of
from .names import safe_component, stem_of, suffix_of


@attrs.frozen
class PlacementOptions:
    """Layout of pulled media.

    `use_folders`: recreate the items' folders. `force_slots`: a folder per slot for every item.
    `ignore_slots`: only the first file of the first slot, without slot folders; beats `force_slots`.
    `video_frames`: frames instead of source videos.
    """

    use_folders: bool = True
    force_slots: bool = False
    ignore_slots: bool = False
    video_frames: bool = False

    @property
    def key(self) -> str:
        """Text that is equal for equal layouts; stored with a pulled release."""
        beaten = {"force_slots"} if self.ignore_slots else set[str]()
        names = ("use_folders", "force_slots", "ignore_slots", "video_frames")
        return ",".join(name for name in names if getattr(self, name) and name not in beaten) or "flat"


@attrs.frozen
class PlacedFile:
    """A file to fetch and where it goes, relative to `images/`."""

    target: PurePosixPath
    url: str | None
    size: int | None = None
    digest: Digest | None = None


@attrs.frozen
class PlacedFrames:
    """A folder that the frames of a slot go to, relative to `images/`, named `0000000.png` upwards."""

    folder: PurePosixPath
    slot: Slot


FRAME_PATTERN = "{:07d}.png"

_ROOT = PurePosixPath()
_VOLUME = ".nii.gz"


def folder_of(item: ItemDescription, use_folders: bool) -> PurePosixPath:
    """Folder of the item below `images/`, every part made safe."""
    return _folder(item.path) if use_folders else _ROOT


@lru_cache(maxsize=1024)
def _folder(path: str) -> PurePosixPath:
    return PurePosixPath(*(safe_component(part) for part in path.split("/") if part not in {"", "."}))


def document_name(item_name: str) -> str:
    """File name of an item's annotation document. Only the last suffix counts, also that of `a.nii.gz`."""
    return safe_component(f"{_split(item_name)[0]}.json")


def place(
    item: ItemDescription, options: PlacementOptions, document: str = "", strict: bool = True
) -> Iterator[PlacedFile | PlacedFrames]:
    """Yield what has to be fetched for an item, slots in the order of their names.

    `document`: file name of its annotation document; without folders its frames go to a folder of that name.
    Unless `strict`, it does not matter which files a slot has.

    Raises:
        InvalidInput: a slot has several source files that are neither all `.dcm` nor a video with an image, or
            needs a folder and has no name.
    """
    slots = item.slots if len(item.slots) < 2 else sorted(item.slots, key=lambda slot: slot.name)
    folder = folder_of(item, options.use_folders)
    if options.ignore_slots:
        yield from _place_flat(item, slots[:1], folder, options, document)
    elif options.force_slots or len(slots) > 1 or any(_has_several(slot) for slot in slots):
        for slot in slots:
            yield from _place_in_slot(item, slot, folder, options, strict)
    else:
        yield from _place_flat(item, slots, folder, options, document)


def _place_flat(
    item: ItemDescription, slots: Sequence[Slot], folder: PurePosixPath, options: PlacementOptions, document: str
) -> Iterator[PlacedFile | PlacedFrames]:
    for slot in slots:
        if options.video_frames and slot.type != "image":
            stem = _split(item.name if options.use_folders or not document else document)[0]
            yield PlacedFrames(folder / safe_component(stem), slot)
            continue
        for source in slot.source_files[:1]:
            name = safe_component(_flat_name(item.name, source.file_name))
            yield PlacedFile(folder / name, source.url, source.size, source.digest)


def _place_in_slot(
    item: ItemDescription, slot: Slot, folder: PurePosixPath, options: PlacementOptions, strict: bool
) -> Iterator[PlacedFile | PlacedFrames]:
    if not slot.name:
        raise InvalidInput(
            f"a slot of item '{item.full_path}'", "needs a folder and has no name", "Pull with --ignore-slots"
        )
    inside = folder / safe_component(item.name) / safe_component(slot.name)
    if options.video_frames and slot.type != "image":
        yield PlacedFrames(inside, slot)
        return
    if strict:
        _check_sources(item, slot)
    for source in slot.source_files:
        yield PlacedFile(inside / safe_component(source.file_name), source.url, source.size, source.digest)


def _flat_name(item_name: str, file_name: str) -> str:
    """The item's name with the suffix of its file."""
    if file_name.endswith(_VOLUME):
        stem = item_name[: -len(_VOLUME)] if item_name.lower().endswith(_VOLUME) else _split(item_name)[0]
        return stem + _VOLUME
    return _split(item_name)[0] + _split(file_name)[1]


def _split(name: str) -> tuple[str, str]:
    """Stem and last suffix of a name, as other readers of this layout split it (unlike `suffix_of`)."""
    dot = name.rfind(".")
    if name.rfind("/") + 1 < dot < len(name) - 1:
        return name[:dot], name[dot:]
    return name, ""


def _is_video_with_frame(slot: Slot) -> bool:
    """True for a video that came with a frame taken from it; the two count as one file."""
    kinds = sorted(slot_type_of(source.file_name) for source in slot.source_files)
    return kinds == [SlotType.IMAGE, SlotType.VIDEO]


def _has_several(slot: Slot) -> bool:
    return len(slot.source_files) > 1 and not _is_video_with_frame(slot)


def _check_sources(item: ItemDescription, slot: Slot) -> None:
    if _has_several(slot) and not all(source.file_name.lower().endswith(".dcm") for source in slot.source_files):
        raise InvalidInput(
            f"slot '{slot.name}' of item '{item.full_path}'",
            "has several source files that are neither all .dcm nor a video with an image",
            "Pull with --ignore-slots to take the first file only, or with --force to take all of them",
        )


def free_name(wanted: str, taken: set[str], fold: bool = False) -> str:
    """`wanted`, or `<stem>_2<suffix>`, `_3` ... if that is taken; the result is added to `taken`.

    `wanted` is a safe name, or a path of such; a number never makes it too long for a file system. With `fold`,
    names that differ only in case count as equal (for file systems that think so).
    """
    key = _key(wanted, 1, fold)
    if key not in taken:
        taken.add(key)
        return wanted
    low, high = 1, 2
    while _key(wanted, high, fold) in taken:
        low, high = high, high * 2
    # By halving, since counting one by one would take n * n steps for n files of one name.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _key(wanted, middle, fold) in taken else (low, middle)
    taken.add(_key(wanted, high, fold))
    return _numbered(wanted, high)


def _numbered(wanted: str, number: int) -> str:
    if number == 1:
        return wanted
    folder, slash, name = wanted.rpartition("/")
    return folder + slash + safe_component(f"{stem_of(name)}_{number}{suffix_of(name)}")


def _key(wanted: str, number: int, fold: bool) -> str:
    name = _numbered(wanted, number)
    return name.casefold() if fold else name
