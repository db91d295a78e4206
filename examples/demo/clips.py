"""What happens in each clip, found frame by frame."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import av
import numpy as np
from numpy.typing import NDArray
from regions import Region, box, largest, polygon, tidy
from scipy import ndimage
from skimage import color, measure

from groundtruth.domain.annotation import Frame, Span, SubAnnotations, VideoAnnotation
from groundtruth.domain.geometry import Box
from groundtruth.domain.shapes import BoundingBox, Tag

Picture = NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""

KEYFRAME_EVERY = 5
OPEN_MOUTH = 60
"""Dark pixels in the lower half of the face from which on the mouth counts as open."""
CUT = 0.2
"""Share of the colours that has to change from one frame to the next for a cut."""


def annotate(name: str, path: Path) -> list[VideoAnnotation]:
    """Everything found in the clip called `name`."""
    return EVENTS[name](path)


def decode(path: Path, width: int | None = None) -> Iterator[Picture]:
    """Frames in order, scaled to `width` if given."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            height = round(frame.height * width / frame.width) if width else None
            yield frame.to_ndarray(format="rgb24", width=width, height=height)


# --- a talking man: his face, his bow tie, and when he opens his mouth ------------------------------


@attrs.frozen
class _Look:
    """What one frame shows: face and tie, and how many pixels of open mouth."""

    face: Region
    tie: Region
    mouth: int


def portrait(path: Path) -> list[VideoAnnotation]:
    looks = [_look(frame) for frame in decode(path)]
    tie = {index: Frame(polygon(look.tie), keyframe=True) for index, look in enumerate(looks)}
    mouth = ndimage.median_filter([look.mouth for look in looks], 5, mode="nearest")
    return [
        _face([look.face for look in looks]),
        VideoAnnotation("bow tie", tie, slot_names=("0",), ranges=((0, len(looks)),)),
        *(_tag("mouth open", span) for span in _spans(mouth >= OPEN_MOUTH)),
    ]


def _look(frame: Picture) -> _Look:
    light, red, yellow = np.moveaxis(color.rgb2lab(frame), 2, 0)
    red = ndimage.gaussian_filter(red, 0.7)
    tie = largest(tidy((red > 17) & (light < 45) & (yellow > 2) & (yellow < 25), closing=2))
    skin = (red > 4.5) & (yellow > 5) & (light > 35) & (light < 90)
    skin[tie.bbox[0] - 3 :] = False  # neck and hands
    face = largest(tidy(skin, opening=2, closing=8))
    inner = ndimage.binary_erosion(face.image_convex, iterations=3)
    inner[: len(inner) // 2] = False
    dark = measure.label((light[face.slice] < 28) & inner)
    return _Look(face, tie, int(np.bincount(dark.ravel())[1:].max(initial=0)))


def _face(faces: Sequence[Region]) -> VideoAnnotation:
    """A box with a keyframe every few frames, and what lies between on straight lines, as an annotator would."""
    edges = np.array([attrs.astuple(box(face)) for face in faces])
    edges = ndimage.median_filter(edges, (5, 1), mode="nearest")
    count = len(faces)
    keys = sorted({*range(0, count, KEYFRAME_EVERY), count - 1})
    between = np.stack([np.interp(range(count), keys, edges[keys, side]) for side in range(4)], axis=1)
    frames = {
        index: Frame(BoundingBox(Box(*np.round(between[index], 2).tolist())), keyframe=index in keys)
        for index in range(count)
    }
    return VideoAnnotation(
        "face", frames, slot_names=("0",), ranges=((0, count),),
        interpolated=True, interpolate_algorithm="linear-1.1",
    )  # fmt: skip


def _spans(flags: NDArray[np.bool_]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _tag(name: str, span: Span, instance: int | None = None) -> VideoAnnotation:
    frames = {span[0]: Frame(Tag(), keyframe=True, subs=SubAnnotations(instance_id=instance))}
    return VideoAnnotation(name, frames, slot_names=("0",), ranges=(span,), only_keyframes=True)


# --- a street film: its shots -----------------------------------------------------------------------


def shots(path: Path) -> list[VideoAnnotation]:
    spectra = np.stack([_spectrum(frame) for frame in decode(path, width=160)])
    changed = np.abs(np.diff(spectra, axis=0)).sum(axis=1) / 2
    starts = [0, *(np.flatnonzero(changed > CUT) + 1).tolist(), len(spectra)]
    spans = itertools.pairwise(starts)
    return [_tag("shot", span, instance) for instance, span in enumerate(spans, 1)]


def _spectrum(frame: Picture) -> NDArray[np.float64]:
    """Share of each of 512 colours."""
    red, green, blue = np.moveaxis(frame.astype(int) // 32, 2, 0)
    return np.bincount(((red * 8 + green) * 8 + blue).ravel(), minlength=512) / red.size


EVENTS: dict[str, Callable[[Path], list[VideoAnnotation]]] = {"carphone_pristine": portrait, "bikes": shots}
