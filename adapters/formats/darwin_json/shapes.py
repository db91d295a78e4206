"""Main types: wire payloads to shapes, and shapes to JSON trees (reference: V7 Darwin, section 8.3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ....domain import shapes as domain
from ....domain.arrays import np
from ....domain.errors import InvalidInput
from ....domain.geometry import Box, Points, RunLengths
from ....domain.shapes import Shape
from . import wire
from .extras import Tree


def read_shape(kind: str, holder: wire.Holder) -> Shape:
    """Make the shape of the main type `kind`, which the holder must have."""
    return _READERS[kind](holder)


def write_shape(shape: Shape) -> Tree:
    """The keys a shape puts into its annotation or frame.

    Raises:
        InvalidInput: a coordinate that is not finite, or an unsupported shape under a name that means something else.
    """
    if isinstance(shape, domain.Unsupported):
        if shape.kind in KNOWN_KEYS:
            raise InvalidInput(f"unsupported shape '{shape.kind}'", "has a name that the format uses itself")
        return {shape.kind: dict(shape.payload)} if shape.kind or shape.payload else {}
    if isinstance(shape, domain.Polygon):
        tree: Tree = {"polygon": {"paths": [_path_tree(path) for path in shape.paths]}}
        return tree if shape.box is None else {**tree, "bounding_box": _box_tree(shape.box)}
    return {shape.kind: _WRITERS[type(shape)](shape)}


KNOWN_KEYS = frozenset(
    (*wire.Annotation.__struct_fields__, *wire.Frame.__struct_fields__, "complex_polygon", "sections", "segments")
)
"""Keys of annotations and frames that mean something, and so cannot name an unsupported shape."""


# --- reading ----------------------------------------------------------------------------------------


def _points(path: Sequence[wire.Point]) -> Points:
    # From a flat list: numpy takes twice as long for a list of pairs.
    return np.array([number for point in path for number in (point.x, point.y)], np.float64).reshape(-1, 2)


def _box(box: wire.Box) -> Box:
    return Box(box.x, box.y, box.w, box.h)


def _nodes(payload: wire.Nodes) -> list[domain.Node]:
    return [domain.Node(node.name, node.x, node.y, bool(node.occluded)) for node in payload.nodes]


def _read_polygon(holder: wire.Holder) -> domain.Polygon:
    box = holder.bounding_box
    return domain.Polygon(map(_points, holder.polygon.paths), None if box is None else _box(box))


def _read_keypoint(holder: wire.Holder) -> domain.Keypoint:
    return domain.Keypoint(holder.keypoint.x, holder.keypoint.y)


def _read_ellipse(holder: wire.Holder) -> domain.Ellipse:
    center, radius = holder.ellipse.center, holder.ellipse.radius
    return domain.Ellipse((center.x, center.y), (radius.x, radius.y), holder.ellipse.angle)


def _read_cuboid(holder: wire.Holder) -> domain.Cuboid:
    return domain.Cuboid(_box(holder.cuboid.front), _box(holder.cuboid.back))


def _read_text_run(holder: wire.Holder) -> domain.TextRun:
    return domain.TextRun(
        domain.TextSource(source.id, None if source.ranges is None else tuple(source.ranges))
        for source in holder.string.sources
    )


def _read_graph(holder: wire.Holder) -> domain.Graph:
    return domain.Graph(
        [domain.GraphNode(node.id, node.name) for node in holder.graph.nodes],
        [domain.GraphEdge(edge.key, edge.value) for edge in holder.graph.edges],
    )


def _read_table(holder: wire.Holder) -> domain.Table:
    return domain.Table(_box(holder.table.bounding_box), map(_read_cell, holder.table.cells))


def _read_cell(cell: wire.TableCell) -> domain.TableCell:
    return domain.TableCell(
        cell.id, cell.row, cell.col, cell.row_span, cell.col_span, cell.is_header, _box(cell.bounding_box)
    )


def _read_simple_table(holder: wire.Holder) -> domain.SimpleTable:
    payload = holder.simple_table
    return domain.SimpleTable(_box(payload.bounding_box), payload.col_offsets, payload.row_offsets)


def _read_raster_layer(holder: wire.Holder) -> domain.RasterLayer:
    payload = holder.raster_layer
    runs = RunLengths.from_pairs(np.array(payload.dense_rle, dtype=np.int64))
    return domain.RasterLayer(runs, payload.mask_annotation_ids_mapping, payload.total_pixels)


_READERS: dict[str, Callable[[wire.Holder], Shape]] = {
    "polygon": _read_polygon,
    "bounding_box": lambda holder: domain.BoundingBox(_box(holder.bounding_box)),
    "tag": lambda holder: domain.Tag(),
    "line": lambda holder: domain.Line(_points(holder.line.path)),
    "keypoint": _read_keypoint,
    "ellipse": _read_ellipse,
    "cuboid": _read_cuboid,
    "skeleton": lambda holder: domain.Skeleton(_nodes(holder.skeleton)),
    "eye": lambda holder: domain.Eye(_nodes(holder.eye)),
    "table": _read_table,
    "simple_table": _read_simple_table,
    "string": _read_text_run,
    "graph": _read_graph,
    "mask": lambda holder: domain.Mask(),
    "raster_layer": _read_raster_layer,
}


# --- writing ----------------------------------------------------------------------------------------


def _number(value: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise InvalidInput(f"coordinate {number}", "is not finite", "Correct the annotation before it is written")
    return number


def _numbers(**values: float) -> Tree:
    return {name: _number(value) for name, value in values.items()}


def _box_tree(box: Box) -> Tree:
    return _numbers(x=box.x, y=box.y, w=box.w, h=box.h)


def _path_tree(path: Points) -> list[Tree]:
    return [{"x": x, "y": y} for x, y in path.tolist()]


def _nodes_tree(shape: domain.Skeleton | domain.Eye) -> Tree:
    return {
        "nodes": [
            {"name": node.name, **_numbers(x=node.x, y=node.y), "occluded": node.occluded} for node in shape.nodes
        ]
    }


def _ellipse_tree(shape: domain.Ellipse) -> Tree:
    (x, y), (radius_x, radius_y) = shape.center, shape.radius
    return {"angle": _number(shape.angle), "center": _numbers(x=x, y=y), "radius": _numbers(x=radius_x, y=radius_y)}


def _cell_tree(cell: domain.TableCell) -> Tree:
    names = ("id", "row", "col", "row_span", "col_span", "is_header")
    return {**{name: getattr(cell, name) for name in names}, "bounding_box": _box_tree(cell.box)}


def _simple_table_tree(shape: domain.SimpleTable) -> Tree:
    return {
        "bounding_box": _box_tree(shape.box),
        "col_offsets": [_number(offset) for offset in shape.col_offsets],
        "row_offsets": [_number(offset) for offset in shape.row_offsets],
    }


def _graph_tree(shape: domain.Graph) -> Tree:
    return {
        "nodes": [{"id": node.id, "name": node.name} for node in shape.nodes],
        "edges": [{"key": edge.key, "value": edge.value} for edge in shape.edges],
    }


def _raster_layer_tree(shape: domain.RasterLayer) -> Tree:
    return {
        "dense_rle": shape.runs.pairs(),
        "mask_annotation_ids_mapping": dict(shape.mask_values),
        "total_pixels": shape.total_pixels,
    }


_WRITERS: dict[type[Any], Callable[[Any], Tree]] = {
    domain.BoundingBox: lambda shape: _box_tree(shape.box),
    domain.Ellipse: _ellipse_tree,
    domain.Line: lambda shape: {"path": _path_tree(shape.path)},
    domain.Keypoint: lambda shape: _numbers(x=shape.x, y=shape.y),
    domain.Skeleton: _nodes_tree,
    domain.Eye: _nodes_tree,
    domain.Cuboid: lambda shape: {"front": _box_tree(shape.front), "back": _box_tree(shape.back)},
    domain.Tag: lambda shape: {},
    domain.TextRun: lambda shape: {
        "sources": [{"id": source.id, "ranges": source.ranges} for source in shape.sources]
    },
    domain.Graph: _graph_tree,
    domain.Table: lambda shape: {
        "bounding_box": _box_tree(shape.box),
        "cells": [_cell_tree(cell) for cell in shape.cells],
    },
    domain.SimpleTable: _simple_table_tree,
    domain.Mask: lambda shape: {},
    domain.RasterLayer: _raster_layer_tree,
}
