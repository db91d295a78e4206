"""Annotations as SVG, in the pixel coordinates of their picture."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from groundtruth.domain.annotation import Annotation
from groundtruth.domain.classes import AnnotationClass
from groundtruth.domain.shapes import BoundingBox, Ellipse, Keypoint, Polygon, RasterLayer, Shape

THUMBNAIL = 640
"""Longest side of an embedded picture, in pixels."""


@attrs.frozen
class Palette:
    """The colour of each class (red, green, blue), the same wherever the class is drawn."""

    colors: Mapping[str, tuple[int, int, int]]

    @classmethod
    def of(cls, classes: Iterable[AnnotationClass]) -> Palette:
        """The colours that the classes have of their own, written `rgba(r,g,b,a)`."""
        found = {one.name: re.fullmatch(r"rgba\((\d+),(\d+),(\d+),[\d.]+\)", one.color) for one in classes}
        return cls({name: (int(at[1]), int(at[2]), int(at[3])) for name, at in found.items() if at})

    def key(self, name: str) -> str:
        """CSS class that carries the colour."""
        return f"k{list(self.colors).index(name)}" if name in self.colors else "plain"

    def rgb(self, name: str) -> tuple[int, int, int]:
        """The colour; grey for a class without."""
        return self.colors.get(name, (181, 176, 166))

    def css(self) -> str:
        """Rules that give every class its colour as `--c`."""
        return "".join(f".{self.key(name)}{{--c:rgb{color}}}" for name, color in self.colors.items())


def picture(image: Image.Image, shapes: str, label: str, longest: int = THUMBNAIL) -> str:
    """An SVG of the picture (scaled down, as JPEG inside) with shapes over it."""
    small = image.convert("RGB")
    small.thumbnail((longest, longest))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82, optimize=True)
    width, height = image.size
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'<image width="{width}" height="{height}" href="{_uri("jpeg", buffer.getvalue())}"/>{shapes}</svg>'
    )


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def still(annotations: Sequence[Annotation], size: tuple[int, int], palette: Palette) -> str:
    """Everything that has a place in a still image."""
    names = {annotation.id: annotation.class_name for annotation in annotations}
    layers = [one.shape for one in annotations if isinstance(one.shape, RasterLayer)]
    drawn = [
        mask(layer, value, names[identity], size, palette)
        for layer in layers
        for identity, value in layer.mask_values.items()
    ]
    # Large outlines first, so that none hides a smaller one.
    drawn += [
        outline(one.class_name, one.shape, palette, "".join(f", {each.name} {each.value}" for each in one.properties))
        for one in sorted(annotations, key=_size, reverse=True)
    ]
    return "".join(drawn)


def _size(annotation: Annotation) -> float:
    return annotation.shape.bounds().area if isinstance(annotation.shape, Polygon) else 0.0


def outline(name: str, shape: Shape | None, palette: Palette, details: str = "") -> str:
    """SVG of one shape; empty for shapes that have no outline (tags, masks)."""
    drawn = _element(shape)
    title = escape(name + details)
    return f'<g class="{palette.key(name)}"><title>{title}</title>{drawn}</g>' if drawn else ""


def _element(shape: Shape | None) -> str:
    match shape:
        case Polygon(paths=paths):
            return f'<path class="area" d="{"".join(_path(path) + "Z" for path in paths)}"/>'
        case BoundingBox(box=box):
            return f'<rect class="box" x="{box.x:g}" y="{box.y:g}" width="{box.w:g}" height="{box.h:g}"/>'
        case Ellipse(center=(x, y), radius=(rx, ry), angle=angle):
            turn = f"rotate({math.degrees(angle):.1f} {x:g} {y:g})"
            return f'<ellipse class="area" cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" transform="{turn}"/>'
        case Keypoint(x=x, y=y):
            # A line of no length with round ends is a dot whose size does not depend on the picture's scale.
            return f'<path class="rim" d="M{x:g} {y:g}h0"/><path class="dot" d="M{x:g} {y:g}h0"/>'
    return ""


def _path(path: NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in path.tolist())


def mask(layer: RasterLayer, value: int, name: str, size: tuple[int, int], palette: Palette) -> str:
    """The pixels of one mask, as a translucent PNG of few colours."""
    width, height = size
    pixels: NDArray[Any] = (layer.runs.labels(height, width) == value).astype(np.uint8) * 15
    small = Image.fromarray(pixels)
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    flat = Image.frombytes("P", small.size, small.tobytes())
    flat.putpalette(palette.rgb(name) * 16)
    buffer = io.BytesIO()
    flat.save(buffer, "PNG", optimize=True, bits=4, transparency=bytes(level * 10 for level in range(16)))
    return (
        f'<image class="mask" width="{width}" height="{height}" href="{_uri("png", buffer.getvalue())}">'
        f"<title>{escape(name)}</title></image>"
    )
