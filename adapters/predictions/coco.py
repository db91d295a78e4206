"""COCO results: a list of detections, each with the id of its image and of its category."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...domain.columns import object_array
from ...domain.errors import InvalidPredictions, MissingExtra
from ...domain.metrics.detection import Detections
from ...ports.prediction_files import ReadOptions, Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIELDS = ("image_id", "category_id", "score")


def is_coco(held: Any, options: ReadOptions) -> bool:
    """Tell COCO results from other lists; no detection at all are COCO results if images are named."""
    if not isinstance(held, Sequence) or isinstance(held, str):
        return False
    return (isinstance(held[0], Mapping) and "image_id" in held[0]) if held else options.images is not None


def read_coco(
    path: Path, held: Sequence[Any], wanted: Wanted, options: ReadOptions
) -> dict[str, dict[str, NDArray[Any]]]:
    """Gather the detections of each test row; a row without any has none.

    Raises:
        InvalidPredictions: an image or category that is not known, or a field that is missing or no number; names
            the place in the list.
    """
    if len(wanted.targets) != 1:
        raise InvalidPredictions(f"file {path}", f"is of one target, the benchmark has {len(wanted.targets)}")
    images = options.images if options.images is not None else wanted.rows
    at: dict[Hashable, list[tuple[str, int]]] = {}
    for test, ids in images.items():
        for row, one in enumerate(ids):
            at.setdefault(one, []).append((test, row))
    entries: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for place, entry in enumerate(held):
        _check(entry, place, path)
        if entry["image_id"] not in at:
            raise _wrong(
                path, place, f"image_id {entry['image_id']!r} is no test row", "Say which column has the ids"
            )
        for row in at[entry["image_id"]]:
            entries.setdefault(row, []).append({**entry, "place": place})
    [target] = wanted.targets
    return {
        test: {target: object_array([_image(entries.get((test, row), []), options, path) for row in range(size)])}
        for test, size in wanted.sizes.items()
    }


def _wrong(path: Path, place: int, reason: str, advice: str = "") -> InvalidPredictions:
    return InvalidPredictions(f"file {path} at $[{place}]:", reason, advice)


def _check(entry: Any, place: int, path: Path) -> None:
    if not isinstance(entry, Mapping):
        raise _wrong(path, place, f"{type(entry).__name__} is no object")
    missing = [name for name in _FIELDS if name not in entry]
    if "bbox" not in entry and "segmentation" not in entry:
        missing.append("bbox")
    if missing:
        raise _wrong(path, place, f"'{missing[0]}' is missing")
    if not isinstance(entry["image_id"], int | str):
        raise _wrong(path, place, "'image_id' is neither a number nor a text")
    if not isinstance(entry["category_id"], int):
        raise _wrong(path, place, "'category_id' is no whole number")
    if not isinstance(entry["score"], int | float):
        raise _wrong(path, place, "'score' is no number")
    box = entry.get("bbox")
    if box is not None and not (
        isinstance(box, Sequence) and len(box) == 4 and all(isinstance(one, int | float) for one in box)
    ):
        raise _wrong(path, place, "'bbox' is not x, y, width and height")


def _image(entries: Sequence[Mapping[str, Any]], options: ReadOptions, path: Path) -> Detections:
    masks = [_mask(entry, path) for entry in entries]
    boxes = [entry.get("bbox") or _box(mask) for entry, mask in zip(entries, masks, strict=True)]
    classes = [_class(entry, options, path) for entry in entries]
    held = [mask for mask in masks if mask is not None]
    try:
        return Detections.of(
            boxes,
            classes,
            [entry["score"] for entry in entries],
            held if len(held) == len(entries) and held else None,
        )
    except InvalidPredictions as error:
        raise _wrong(path, entries[0]["place"], f"image {entries[0]['image_id']!r}: {error.message}") from error


def _class(entry: Mapping[str, Any], options: ReadOptions, path: Path) -> int:
    category = entry["category_id"]
    if options.classes is None:
        return category
    if category not in options.classes:
        known = ", ".join(map(str, options.classes))
        raise _wrong(path, entry["place"], f"category_id {category} is no class", f"Categories: {known}")
    return options.classes[category]


def _mask(entry: Mapping[str, Any], path: Path) -> dict[str, Any] | None:
    """Run-length encoding of a detection, if it has one."""
    given = entry.get("segmentation")
    if given is None:
        return None
    counts = given.get("counts") if isinstance(given, Mapping) else None
    if not isinstance(counts, str) or not isinstance(given.get("size"), Sequence):
        reason = "'segmentation' is no compressed run-length encoding"
        raise _wrong(path, entry["place"], reason, "Write it as {'size': [height, width], 'counts': text}")
    return {"size": list(given["size"]), "counts": counts.encode()}


def _box(mask: dict[str, Any] | None) -> list[float]:
    try:
        from faster_coco_eval import mask as runs
    except ImportError as error:
        raise MissingExtra("masks without boxes", "detection") from error
    return [float(one) for one in runs.toBbox([mask or {}])[0]]
