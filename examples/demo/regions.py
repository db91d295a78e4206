"""From pixels that belong together to shapes of the domain.

Pixel (row, column) covers the square from (x=column, y=row) to (column + 1, row + 1).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from groundtruth.domain.annotation import Annotation
from groundtruth.domain.geometry import Box, RunLengths, points
from groundtruth.domain.shapes import RASTER_LAYER_CLASS, BoundingBox, Ellipse, Keypoint, Mask, Polygon, RasterLayer

Pixels = NDArray[np.bool_]
Region = Any
"""skimage's RegionProperties, which has no types."""


def regions(pixels: Pixels, smallest: int = 1) -> list[Region]:
    """Connected regions of at least `smallest` pixels, top to bottom."""
    found = measure.regionprops(measure.label(pixels))
    return [region for region in found if region.area >= smallest]


def largest(pixels: Pixels) -> Region:
    """The largest connected region."""
    return max(regions(pixels), key=lambda region: region.area)


def pixels_of(region: Region, picture: Pixels) -> Pixels:
    """Only the pixels of a region, in a picture of the same size."""
    alone = np.zeros_like(picture)
    alone[region.slice] = region.image
    return alone


def grow(pixels: Pixels, radius: float) -> Pixels:
    """Pixels within `radius` of some pixel."""
    return ndimage.distance_transform_edt(~pixels) <= radius


def shrink(pixels: Pixels, radius: float) -> Pixels:
    """Pixels with nothing but pixels within `radius`; what lies beyond the picture counts as pixels."""
    return ~grow(~pixels, radius)


def tidy(pixels: Pixels, opening: int = 0, closing: int = 0, holes: int = 0) -> Pixels:
    """Drop specks (radius `opening`), bridge gaps (radius `closing`), fill holes of up to `holes` pixels."""
    if opening:
        pixels = grow(shrink(pixels, opening), opening)
    if closing:
        pixels = shrink(grow(pixels, closing), closing)
    return ~without_specks(~pixels, holes) if holes else pixels


def without_specks(pixels: Pixels, size: int) -> Pixels:
    """Pixels in connected regions of more than `size` pixels."""
    labels = measure.label(pixels)
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    return counts[labels] > size


def box(region: Region) -> Box:
    """Smallest box around a region."""
    top, left, bottom, right = (float(edge) for edge in region.bbox)
    return Box(left, top, right - left, bottom - top)


def polygon(region: Region, tolerance: float = 0.7) -> Polygon:
    """Outline of a region, holes included, simplified to within `tolerance` pixels."""
    # A frame of background closes the outline where the region touches the edge of the picture.
    framed = np.pad(region.image, 1).astype(float)
    top, left, *_ = region.bbox
    paths = []
    for contour in measure.find_contours(framed, 0.5):
        simple = measure.approximate_polygon(contour, tolerance)[:-1]
        if len(simple) >= 3:
            # -1 for the frame, +0.5 because a contour runs through pixel centres.
            paths.append(points(np.round(simple[:, ::-1] + (left - 0.5, top - 0.5), 2)))
    return Polygon(paths, box(region))


def ellipse(region: Region) -> Ellipse:
    """Ellipse with the same second moments as a region."""
    row, column = region.centroid
    radius = (region.axis_major_length / 2, region.axis_minor_length / 2)
    # skimage measures the angle from the rows' axis, the domain from the x axis.
    angle = np.pi / 2 - region.orientation
    return Ellipse(
        (round(column + 0.5, 2), round(row + 0.5, 2)), (round(radius[0], 2), round(radius[1], 2)), round(angle, 4)
    )


def polygons(name: str, found: Sequence[Region]) -> list[Annotation]:
    """A polygon per region."""
    return [Annotation(name, polygon(region)) for region in found]


def keypoints(name: str, found: Sequence[Region]) -> list[Annotation]:
    """A keypoint in the middle of each region."""
    middles = [region.centroid for region in found]
    return [Annotation(name, Keypoint(round(column + 0.5, 1), round(row + 0.5, 1))) for row, column in middles]


def boxes(name: str, found: Sequence[Region]) -> list[Annotation]:
    """A bounding box per region."""
    return [Annotation(name, BoundingBox(box(region))) for region in found]


def masks(layers: Mapping[str, Pixels]) -> list[Annotation]:
    """A mask per class and the raster layer that holds their pixels; where they overlap, the last one wins."""
    labels = np.zeros(next(iter(layers.values())).shape, np.int64)
    values: dict[str, int] = {}
    annotations = []
    for value, (name, pixels) in enumerate(layers.items(), 1):
        labels[pixels] = value
        identity = str(uuid.uuid4())
        values[identity] = value
        annotations.append(Annotation(name, Mask(), id=identity, slot_names=("0",)))
    layer = RasterLayer(RunLengths.from_labels(labels), values, labels.size)
    return [*annotations, Annotation(RASTER_LAYER_CLASS, layer, id=str(uuid.uuid4()), slot_names=("0",))]
