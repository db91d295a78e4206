"""Names of the main types of annotations: what their shapes are called (reference: V7 Darwin, section 8.2)."""

from __future__ import annotations

MAIN_TYPES = (
    "polygon",
    "bounding_box",
    "tag",
    "line",
    "keypoint",
    "ellipse",
    "cuboid",
    "skeleton",
    "eye",
    "table",
    "simple_table",
    "string",
    "graph",
    "mask",
    "raster_layer",
)
"""Type names in the order in which they are looked for: a polygon may carry a bounding box (section 8.2)."""
