"""Placement: where the files of a pulled item go (reference: V7 Darwin, section 7.4).

Targets are POSIX paths below the dataset's `images/` folder. All names are mapped by `safe_component`,
so no target leaves that folder whatever a hub answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import attrs

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
    digest: str | None = None


@attrs.frozen
class PlacedFrames:
    """A folder that the frames of a slot go to, relative to `images/`, named `0000000.png` upwards."""

    folder: PurePosixPath
    slot: Slot


FRAME_PATTERN = "{:07d}.png"


def folder_of(item: ItemDescription, use_folders: bool) -> PurePosixPath:
    """Folder of the item below `images/`, every part made safe."""
    parts = [part for part in item.path.split("/") if part not in {"", "."}] if use_folders else []
    return PurePosixPath(*(safe_component(part) for part in parts))


def place(item: ItemDescription, options: PlacementOptions) -> Iterator[PlacedFile | PlacedFrames]:
    """Yield what has to be fetched for an item, slots in the order of their names.

    Raises:
        InvalidInput: a slot has several source files that are neither all `.dcm` nor a video with an image.
    """
    slots = sorted(item.slots, key=lambda slot: slot.name)
    folder = folder_of(item, options.use_folders)
    if options.ignore_slots:
        yield from _place_flat(item, slots[:1], folder, options)
    elif options.force_slots or len(slots) > 1 or any(_has_several(slot) for slot in slots):
        for slot in slots:
            yield from _place_in_slot(item, slot, folder, options)
    else:
        yield from _place_flat(item, slots, folder, options)


def _place_flat(
    item: ItemDescription, slots: list[Slot], folder: PurePosixPath, options: PlacementOptions
) -> Iterator[PlacedFile | PlacedFrames]:
    for slot in slots:
        if options.video_frames and slot.type != "image":
            yield PlacedFrames(folder / safe_component(stem_of(item.name)), slot)
            continue
        for source in slot.source_files[:1]:
            name = safe_component(stem_of(item.name) + suffix_of(source.file_name))
            yield PlacedFile(folder / name, source.url, source.size, _text(source.digest))


def _place_in_slot(
    item: ItemDescription, slot: Slot, folder: PurePosixPath, options: PlacementOptions
) -> Iterator[PlacedFile | PlacedFrames]:
    inside = folder / safe_component(item.name) / safe_component(slot.name)
    if options.video_frames and slot.type != "image":
        yield PlacedFrames(inside, slot)
        return
    _check_sources(item, slot)
    for source in slot.source_files:
        target = inside / safe_component(source.file_name)
        yield PlacedFile(target, source.url, source.size, _text(source.digest))


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
            "Pull with --ignore-slots to take the first file only",
        )


def _text(digest: object) -> str | None:
    return None if digest is None else str(digest)


def free_name(wanted: str, taken: set[str], fold: bool = False) -> str:
    """`wanted`, or `<stem>_2<suffix>`, `_3` ... if that is taken; the result is added to `taken`.

    `wanted` is a safe name, or a path of such; a number never makes it too long for a file system. With `fold`,
    names that differ only in case count as equal (for file systems that think so).
    """
    low, high = 0, 1
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
