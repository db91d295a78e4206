"""Names and numbers as the sheet writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

from humanize import naturalsize

from groundtruth.domain.annotation import AnyAnnotation
from groundtruth.domain.shapes import RASTER_LAYER_CLASS

Counts = Mapping[tuple[str, str], int]
"""How many annotations there are of each class name and kind."""

KINDS = {
    "polygon": ("polygon", "polygons"),
    "mask": ("mask", "masks"),
    "bounding_box": ("box", "boxes"),
    "ellipse": ("ellipse", "ellipses"),
    "keypoint": ("keypoint", "keypoints"),
    "tag": ("tag", "tags"),
}
"""Singular and plural, in the order of the legend."""


def count(annotations: Iterable[AnyAnnotation]) -> Counts:
    """Annotations per class and kind, by kind and name. Raster layers only carry masks and are left out."""
    found = Counter((one.class_name, one.kind) for one in annotations if one.class_name != RASTER_LAYER_CLASS)
    order = list(KINDS)
    return dict(sorted(found.items(), key=lambda pair: (order.index(pair[0][1]), pair[0][0])))


def kind(name: str, number: int) -> str:
    """`3 boxes`."""
    return f"{number:,} {KINDS[name][number != 1]}"


def size(count: int) -> str:
    """Bytes for people."""
    return naturalsize(count, format="%.0f" if count < 1_000_000 else "%.1f")


def icon(kind: str, key: str) -> str:
    """A small picture of a kind of shape, in the colour of CSS class `key`."""
    return f'<svg class="icon {key}" aria-hidden="true"><use href="#{escape(kind)}"/></svg>'


SPRITE = (
    '<svg class="sprite" aria-hidden="true">'
    '<symbol id="polygon" viewBox="0 0 16 16"><path d="M8 2.5 13.5 7 11.5 13H4.5L2.5 7Z"/></symbol>'
    '<symbol id="bounding_box" viewBox="0 0 16 16"><path class="open" d="M3 4H13V12H3Z"/></symbol>'
    '<symbol id="ellipse" viewBox="0 0 16 16"><ellipse cx="8" cy="8" rx="5.5" ry="3.8"/></symbol>'
    '<symbol id="keypoint" viewBox="0 0 16 16"><circle class="full" cx="8" cy="8" r="2.8"/></symbol>'
    '<symbol id="mask" viewBox="0 0 16 16"><path class="full" '
    'd="M2.5 6 6 2.5 9 5 13.5 4 12 9.5 13 13 7.5 11.5 3.5 13Z"/></symbol>'
    '<symbol id="tag" viewBox="0 0 16 16"><path d="M2.5 5H9.5L13.5 8 9.5 11H2.5Z"/></symbol></svg>'
)
