"""Annotation documents for the photos and clips of a folder."""

from __future__ import annotations

from pathlib import Path

import av
import clips
import numpy as np
import subjects
from PIL import Image

from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.item import ItemDescription, Slot, SourceFile


def look_at(path: Path, root: Path) -> AnnotationDocument:
    """Everything found in a photo or clip, as the item that it becomes when `root` is pushed."""
    slot, annotations = _clip(path) if path.stem in clips.EVENTS else _photo(path)
    folder = "/" + path.parent.relative_to(root).as_posix()
    return AnnotationDocument(ItemDescription(path.name, folder, slots=(slot,)), annotations)


def _photo(path: Path) -> tuple[Slot, list[subjects.Annotation]]:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    height, width, _ = pixels.shape
    slot = Slot("0", "image", width, height, source_files=(SourceFile(path.name),))
    return slot, subjects.annotate(path.stem, pixels)


def _clip(path: Path) -> tuple[Slot, list[clips.VideoAnnotation]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 1)
        slot = Slot("0", "video", stream.width, stream.height, rate, stream.frames, (SourceFile(path.name),))
    return slot, clips.annotate(path.stem, path)
