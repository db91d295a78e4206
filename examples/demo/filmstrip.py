"""A clip on the sheet: a strip of frames with what is seen in them, over a time line of its annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import av
from album import Entry
from drawing import Palette, outline, picture
from PIL import Image
from wording import icon

from groundtruth.domain.annotation import VideoAnnotation

SHOWN = 8
LONGEST = 300
"""Longest side of an embedded frame, in pixels."""


def film(entry: Entry, palette: Palette, label: str) -> tuple[str, tuple[int, float]]:
    """HTML of the strip and the time line, and the clip's length in frames and in seconds."""
    annotations = [one for one in entry.document.annotations if isinstance(one, VideoAnnotation)]
    slot = entry.document.item.slots[0]
    length, rate = slot.frame_count or 0, slot.fps or 1.0
    wanted = [int((position + 0.5) * length / SHOWN) for position in range(SHOWN)]
    cells = "".join(
        _cell(image, index, index / rate, annotations, palette, label)
        for index, image in _frames(entry.media, wanted)
    )
    return f'<div class="strip">{cells}</div>{_timeline(annotations, length, palette)}', (length, length / rate)


def _frames(path: Path, wanted: Sequence[int]) -> Iterator[tuple[int, Image.Image]]:
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                yield index, frame.to_image()


def _cell(
    image: Image.Image,
    index: int,
    second: float,
    annotations: Sequence[VideoAnnotation],
    palette: Palette,
    label: str,
) -> str:
    alive = [one for one in annotations if _exists(one, index)]
    shapes = "".join(outline(one.class_name, one.shape_at(index), palette) for one in alive)
    tags = "".join(f"<li>{escape(_tag(one))}</li>" for one in alive if one.kind == "tag")
    drawn = picture(image, shapes, f"Frame {index} of {label}", LONGEST)
    return f'<div class="frame">{drawn}<p>{second:.1f} s</p><ul class="tags">{tags}</ul></div>'


def _exists(annotation: VideoAnnotation, index: int) -> bool:
    return any(start <= index and (end is None or index < end) for start, end in annotation.ranges)


def _tag(annotation: VideoAnnotation) -> str:
    first = next(iter(annotation.frames.values()))
    number = first.subs.instance_id
    return annotation.class_name if number is None else f"{annotation.class_name} {number}"


def _timeline(annotations: Sequence[VideoAnnotation], length: int, palette: Palette) -> str:
    ordered = sorted(annotations, key=lambda one: (one.kind == "tag", one.class_name, one.ranges[0][0]))
    rows = []
    for (name, kind), same in groupby(ordered, key=lambda one: (one.class_name, one.kind)):
        track = "".join(_bars(one, length) for one in same)
        key = palette.key(name)
        rows.append(f'<li><span>{icon(kind, key)}{escape(name)}</span><div class="track {key}">{track}</div></li>')
    return f'<ul class="timeline" aria-label="Time line">{"".join(rows)}</ul>'


def _bars(annotation: VideoAnnotation, length: int) -> str:
    bars = ""
    for start, end in annotation.ranges:
        stop = length if end is None else end
        title = escape(f"{_tag(annotation)}: frames {start} to {stop - 1}")
        bars += f'<i title="{title}" style="left:{start / length:.2%};width:{(stop - start) / length:.2%}"></i>'
    if annotation.interpolated:
        keys = [index for index, frame in annotation.frames.items() if frame.keyframe]
        bars += "".join(f'<b style="left:{(index + 0.5) / length:.2%}"></b>' for index in keys)
    return bars
