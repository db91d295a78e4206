"""Shapes: what an annotation marks (reference: V7 Darwin, section 8.3).

Every shape has a `kind`, the name its type has in Darwin JSON and in annotation classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from .geometry import (
    Box,
    Points,
    RunLengths,
    as_paths,
    bounding_box,
    compare_paths,
    compare_points,
    path_area,
    points,
)

RASTER_LAYER_CLASS = "__raster_layer__"
"""Name of the class every raster layer belongs to."""


@attrs.frozen
class BoundingBox:
    """A box."""

    kind: ClassVar[str] = "bounding_box"
    box: Box


@attrs.frozen
class Polygon:
    """One or more closed paths, filled by the even-odd rule: a path inside another is a hole.

    `paths`: arrays of shape (N, 2). `box` is the stored bounding box, None when the document had none.
    """

    kind: ClassVar[str] = "polygon"
    paths: tuple[Points, ...] = attrs.field(converter=as_paths, eq=compare_paths)
    box: Box | None = None

    def bounds(self) -> Box:
        """The stored box, else the smallest box around the points."""
        return self.box if self.box is not None else bounding_box(self.paths)

    def area(self) -> float:
        """Area of a simple polygon by the shoelace formula; of several paths the sum, without holes' depth."""
        return sum(path_area(path) for path in self.paths)


@attrs.frozen
class Ellipse:
    """Centre (x, y), radii along both axes, rotation in radians."""

    kind: ClassVar[str] = "ellipse"
    center: tuple[float, float]
    radius: tuple[float, float]
    angle: float


@attrs.frozen
class Line:
    """An open path of shape (N, 2)."""

    kind: ClassVar[str] = "line"
    path: Points = attrs.field(converter=points, eq=compare_points)


@attrs.frozen
class Keypoint:
    """One point."""

    kind: ClassVar[str] = "keypoint"
    x: float
    y: float


@attrs.frozen
class Node:
    """A named joint of a skeleton, or corner of an eye."""

    name: str
    x: float
    y: float
    occluded: bool = False


@attrs.frozen
class Skeleton:
    """Named nodes; which of them are joined is said by the annotation class."""

    kind: ClassVar[str] = "skeleton"
    nodes: tuple[Node, ...] = attrs.field(converter=tuple)

    def points(self) -> Points:
        """Positions of the nodes, shape (N, 2)."""
        return points([(node.x, node.y) for node in self.nodes])


EYE_NODES = ("inner", "outer", "upper", "lower")


@attrs.frozen
class Eye:
    """The four nodes inner, outer, upper and lower."""

    kind: ClassVar[str] = "eye"
    nodes: tuple[Node, ...] = attrs.field(converter=tuple)

    def is_regular(self) -> bool:
        """True if it has exactly the four nodes an eye has."""
        return sorted(node.name for node in self.nodes) == sorted(EYE_NODES)


@attrs.frozen
class Cuboid:
    """Front and back faces of a box in depth."""

    kind: ClassVar[str] = "cuboid"
    front: Box
    back: Box


@attrs.frozen
class Tag:
    """The whole item (or frame) is of the class."""

    kind: ClassVar[str] = "tag"


@attrs.frozen
class TextSource:
    """An annotation that a text runs over, with the spans of it (None: all of it)."""

    id: str
    ranges: tuple[tuple[int, int], ...] | None = None


@attrs.frozen
class TextRun:
    """A text over other annotations, in reading order; Darwin's type `string`."""

    kind: ClassVar[str] = "string"
    sources: tuple[TextSource, ...] = attrs.field(converter=tuple)


@attrs.frozen
class GraphNode:
    """A node of a graph over annotations: the annotation's id and the role it plays."""

    id: str
    name: str


@attrs.frozen
class GraphEdge:
    """A directed edge between two roles."""

    key: str
    value: str


@attrs.frozen
class Graph:
    """Relations between annotations."""

    kind: ClassVar[str] = "graph"
    nodes: tuple[GraphNode, ...] = attrs.field(converter=tuple)
    edges: tuple[GraphEdge, ...] = attrs.field(converter=tuple)


@attrs.frozen
class TableCell:
    """A cell: where it is in the table, how far it spans, whether it is a header, and its box."""

    id: str
    row: int
    col: int
    row_span: int
    col_span: int
    is_header: bool
    box: Box


@attrs.frozen
class Table:
    """A table with its cells."""

    kind: ClassVar[str] = "table"
    box: Box
    cells: tuple[TableCell, ...] = attrs.field(converter=tuple)


@attrs.frozen
class SimpleTable:
    """A table given by the offsets of its columns and rows, in pixels from its box."""

    kind: ClassVar[str] = "simple_table"
    box: Box
    col_offsets: tuple[float, ...] = attrs.field(converter=tuple)
    row_offsets: tuple[float, ...] = attrs.field(converter=tuple)


@attrs.frozen
class Mask:
    """Pixels of a raster layer: those whose value the layer maps to this annotation's id."""

    kind: ClassVar[str] = "mask"


@attrs.frozen
class RasterLayer:
    """The label image of a slot (or of one frame), shared by all its masks.

    `mask_values` maps the id of each mask annotation to its value in `runs`.
    """

    kind: ClassVar[str] = "raster_layer"
    runs: RunLengths
    mask_values: Mapping[str, int]
    total_pixels: int


@attrs.frozen
class Unsupported:
    """A shape this library has no rules for (such as `link`): carried along unchanged.

    `kind` is the key it was found under, empty when none could be told.
    """

    kind: str
    payload: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


Shape = (
    BoundingBox
    | Polygon
    | Ellipse
    | Line
    | Keypoint
    | Skeleton
    | Eye
    | Cuboid
    | Tag
    | TextRun
    | Graph
    | Table
    | SimpleTable
    | Mask
    | RasterLayer
    | Unsupported
)
