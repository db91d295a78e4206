"""Darwin JSON 2.0 as it is on the wire (reference: V7 Darwin, section 8).

Decoding into these types is the whole validation of a document. What costs time is the number of fields of
`Annotation` and how far the decoder has to look for the next key: fields stand in the order in which exports
write them, which is alphabetical, the rare ones after the common ones.

A field that is missing reads as None. An explicit null is refused unless its type says otherwise; the
lossless path (`extras`) then keeps it, so that it comes back as it was.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

MISSING: Any = None

FrameIndex = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Sha256 = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
Span = tuple[int, int | None]


class Wire(Struct, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """Base of all: unknown keys are refused. A tree of JSON has no cycles, so the collector need not look."""


# --- geometry ---------------------------------------------------------------------------------------


class Point(Wire):
    x: float
    y: float


class Box(Wire):
    h: float
    w: float
    x: float
    y: float


class Polygon(Wire):
    paths: list[list[Point]]


class Ellipse(Wire):
    angle: float
    center: Point
    radius: Point


class Line(Wire):
    path: list[Point]


class Node(Wire, kw_only=True):
    name: str
    occluded: bool = MISSING
    x: float
    y: float


class Nodes(Wire):
    nodes: list[Node]


class Cuboid(Wire):
    back: Box
    front: Box


class Tag(Wire):
    pass


class TextSource(Wire):
    id: str
    ranges: list[tuple[int, int]] | None = None


class TextRun(Wire):
    sources: list[TextSource]


class GraphNode(Wire):
    id: str
    name: str


class GraphEdge(Wire):
    key: str
    value: str


class Graph(Wire):
    edges: list[GraphEdge]
    nodes: list[GraphNode]


class TableCell(Wire):
    bounding_box: Box
    col: int
    col_span: int
    id: str
    is_header: bool
    row: int
    row_span: int


class Table(Wire):
    bounding_box: Box
    cells: list[TableCell]


class SimpleTable(Wire):
    bounding_box: Box
    col_offsets: list[float]
    row_offsets: list[float]


class Mask(Wire):
    sparse_rle: UnsetType | None = UNSET


class RasterLayer(Wire):
    dense_rle: list[Count]
    mask_annotation_ids_mapping: dict[str, int]
    total_pixels: int

    def __post_init__(self) -> None:
        if len(self.dense_rle) % 2:
            raise ValueError("'dense_rle' is not a flat list of (value, run length) pairs")


class StillRasterLayer(RasterLayer):
    """In a still image none of it may be empty; a frame of a video may have no mask."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dense_rle", "mask_annotation_ids_mapping", "total_pixels"):
            if not getattr(self, name):
                raise ValueError(f"'{name}' is empty")


# --- what is said about an annotation ---------------------------------------------------------------


class Text(Wire):
    text: str = MISSING


class InstanceId(Wire):
    value: int = MISSING


class Author(Wire):
    email: str
    full_name: str


class PropertyValue(Wire, kw_only=True):
    frame_index: int | str = MISSING
    name: str
    type: str = MISSING
    value: str | None = None


class Frame(Wire):
    attributes: list[str] = MISSING
    bounding_box: Box = MISSING
    keyframe: bool = False
    polygon: Polygon = MISSING
    cuboid: Cuboid = MISSING
    directional_vector: dict[str, Any] = MISSING
    ellipse: Ellipse = MISSING
    eye: Nodes = MISSING
    graph: Graph = MISSING
    inference: dict[str, Any] = MISSING
    instance_id: InstanceId = MISSING
    keypoint: Point = MISSING
    line: Line = MISSING
    mask: Mask = MISSING
    measures: dict[str, Any] = MISSING
    raster_layer: RasterLayer = MISSING
    simple_table: SimpleTable = MISSING
    skeleton: Nodes = MISSING
    string: TextRun = MISSING
    table: Table = MISSING
    tag: Tag = MISSING
    text: Text = MISSING


class CommonAnnotation(Wire, kw_only=True):
    """The fields of most annotations of still images: a document that needs no others is read 5 % faster."""

    bounding_box: Box = MISSING
    id: str = MISSING
    name: str
    polygon: Polygon = MISSING
    properties: list[PropertyValue] = MISSING
    slot_names: list[str] = MISSING
    tag: Tag = MISSING
    text: Text = MISSING
    annotators: list[Author] = MISSING
    attributes: list[str] = MISSING
    ellipse: Ellipse = MISSING
    instance_id: InstanceId = MISSING
    keypoint: Point = MISSING
    line: Line = MISSING
    reviewers: list[Author] = MISSING
    skeleton: Nodes = MISSING

    # The other fields of Annotation, so that both read alike.
    frames = hidden_areas = interpolate_algorithm = interpolated = only_keyframes = ranges = MISSING
    cuboid = eye = graph = mask = raster_layer = simple_table = string = table = MISSING
    directional_vector = global_sub_types = inference = measures = MISSING


class Annotation(CommonAnnotation, kw_only=True):
    frames: dict[FrameIndex, Frame] = MISSING
    hidden_areas: list[Span] = MISSING
    interpolate_algorithm: str = MISSING
    interpolated: bool = MISSING
    mask: Mask = MISSING
    only_keyframes: bool = MISSING
    ranges: list[Span] = MISSING
    raster_layer: StillRasterLayer = MISSING
    cuboid: Cuboid = MISSING
    directional_vector: dict[str, Any] = MISSING
    eye: Nodes = MISSING
    global_sub_types: dict[str, Any] = MISSING
    graph: Graph = MISSING
    inference: dict[str, Any] = MISSING
    measures: dict[str, Any] = MISSING
    simple_table: SimpleTable = MISSING
    string: TextRun = MISSING
    table: Table = MISSING


# --- the item ---------------------------------------------------------------------------------------


class SourceDataset(Wire):
    name: str = MISSING
    slug: str = MISSING
    dataset_management_url: str = MISSING


class SourceTeam(Wire):
    name: str = MISSING
    slug: str = MISSING


class SourceInfo(Wire):
    item_id: str = MISSING
    dataset: SourceDataset = MISSING
    team: SourceTeam = MISSING
    workview_url: str = MISSING


class SourceFile(Wire):
    """`size_bytes` and `digest` are extensions of this library; other readers ignore them."""

    file_name: str
    storage_key: str = MISSING
    url: str = MISSING
    local_path: str = MISSING
    size_bytes: Count = MISSING
    digest: Sha256 = MISSING


class VideoSegment(Wire):
    url: str
    duration: float = MISSING


class FrameManifest(Wire):
    url: str


class Slot(Wire, kw_only=True):
    type: str
    slot_name: str
    width: int = MISSING
    height: int = MISSING
    fps: float | UnsetType | None = UNSET
    thumbnail_url: str = MISSING
    source_files: list[SourceFile] = MISSING
    frame_count: int = MISSING
    frame_urls: list[str] = MISSING
    segments: list[VideoSegment] = MISSING
    frame_manifests: list[FrameManifest] = MISSING
    metadata: dict[str, Any] = MISSING


class Item(Wire):
    name: str
    path: str
    source_info: SourceInfo = MISSING
    slots: list[Slot] = MISSING


class ItemProperty(Wire, kw_only=True):
    annotators: list[Author] = MISSING
    name: str
    reviewers: list[Author] = MISSING
    value: str | None = None


class CommonDocument(Wire, kw_only=True):
    version: str = "1.0"
    schema_ref: str = MISSING
    annotations: list[CommonAnnotation]
    item: Item
    properties: list[ItemProperty] = MISSING


class Document(Wire, kw_only=True):
    version: str = "1.0"
    schema_ref: str = MISSING
    annotations: list[Annotation]
    item: Item
    properties: list[ItemProperty] = MISSING


AnyAnnotation = CommonAnnotation | Annotation
AnyDocument = CommonDocument | Document
Holder = CommonAnnotation | Annotation | Frame
"""What has main-type keys: an annotation, or a frame of one."""
