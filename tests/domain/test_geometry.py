from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.geometry import Box, RunLengths, bounding_box, path_area, points
from groundtruth.domain.shapes import BoundingBox, Ellipse, Eye, Line, Node, Polygon, Skeleton, Tag

coordinates = st.floats(-1e6, 1e6)
pairs = st.lists(st.tuples(coordinates, coordinates), max_size=20)
labels = st.integers(1, 12).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 3), min_size=width, max_size=width), max_size=12).map(
        lambda rows: np.array(rows, dtype=np.int64).reshape(len(rows), width)
    )
)

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]
HOLE = [(1, 1), (1, 2), (2, 2), (2, 1)]


# --- points -----------------------------------------------------------------------------------------


@given(pairs)
def test_points_are_arrays_of_pairs(values: list[tuple[float, float]]) -> None:
    array = points(values)
    assert (array.shape, array.dtype) == ((len(values), 2), np.float64)
    assert [tuple(pair) for pair in array.tolist()] == values


def test_points_cannot_be_changed_and_are_copies() -> None:
    values = np.zeros((2, 2))
    array = points(values)
    values[0, 0] = 5
    assert array[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


@pytest.mark.parametrize(
    "values",
    [[1, 2], [[1, 2, 3]], [[1, 2], [3]], [[[1, 2]]], [["x", "y"]], [[1, None]], [[float("nan"), 0]],
     [[0, float("inf")]], 5, [{}], [[], []], np.zeros((0, 3)), "text"],
)  # fmt: skip
def test_what_are_no_points(values: object) -> None:
    with pytest.raises(InvalidInput):
        points(values)  # type: ignore[arg-type]


def test_no_points() -> None:
    for values in ([], (), np.zeros((0, 2))):
        assert points(values).shape == (0, 2)


# --- boxes and areas --------------------------------------------------------------------------------


def test_boxes() -> None:
    box = Box(1.0, 2.0, 3.0, 4.0)
    assert box.area == 12.0
    assert box.corners().tolist() == [[1, 2], [4, 2], [4, 6], [1, 6]]
    assert bounding_box([box.corners()]) == box


@given(st.lists(pairs, min_size=1).filter(any))
def test_a_bounding_box_holds_all_points(paths: list[list[tuple[float, float]]]) -> None:
    box = bounding_box([points(path) for path in paths])
    x, y = zip(*(pair for path in paths for pair in path), strict=True)
    assert (box.x, box.y) == (min(x), min(y))
    assert (box.w, box.h) == (max(x) - min(x), max(y) - min(y))


@pytest.mark.parametrize("paths", [[], [[]], [[], []]])
def test_nothing_has_no_bounding_box(paths: list[list[float]]) -> None:
    with pytest.raises(InvalidInput):
        bounding_box([points(path) for path in paths])


@pytest.mark.parametrize(
    ("path", "area"), [(SQUARE, 16), (SQUARE[::-1], 16), ([(0, 0), (4, 0), (0, 3)], 6), (SQUARE[:2], 0), ([], 0)]
)
def test_areas(path: list[tuple[float, float]], area: float) -> None:
    assert path_area(points(path)) == area


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(0, 100), st.floats(0, 100))
def test_the_area_of_a_box_is_that_of_its_corners(x: float, y: float, w: float, h: float) -> None:
    box = Box(x, y, w, h)
    assert path_area(box.corners()) == pytest.approx(box.area, abs=1e-6)


# --- shapes with arrays -----------------------------------------------------------------------------


def test_polygons() -> None:
    polygon = Polygon([SQUARE, HOLE])  # type: ignore[arg-type]
    assert polygon == Polygon((points(SQUARE), points(HOLE)))
    assert polygon != Polygon((points(HOLE), points(SQUARE)))
    assert polygon != Polygon((points(SQUARE),))
    assert polygon.bounds() == Box(0, 0, 4, 4)
    assert polygon.area() == 17
    assert Polygon((points(SQUARE),), Box(0, 0, 9, 9)).bounds() == Box(0, 0, 9, 9)
    assert polygon != BoundingBox(Box(0, 0, 4, 4))


def test_lines_and_skeletons() -> None:
    assert Line(SQUARE) == Line(points(SQUARE))  # type: ignore[arg-type]
    assert Line(SQUARE) != Line(SQUARE[:3])  # type: ignore[arg-type]
    skeleton = Skeleton([Node("head", 1, 2), Node("foot", 3, 4, True)])  # type: ignore[arg-type]
    assert skeleton.points().tolist() == [[1, 2], [3, 4]]
    assert Skeleton(()).points().shape == (0, 2)


def test_an_eye_has_four_nodes() -> None:
    nodes = [Node(name, 0, 0) for name in ("lower", "inner", "upper", "outer")]
    assert Eye(nodes).is_regular()  # type: ignore[arg-type]
    assert not Eye(nodes[:3]).is_regular()  # type: ignore[arg-type]
    assert not Eye([*nodes, nodes[0]]).is_regular()  # type: ignore[arg-type]


def test_kinds_are_the_names_of_the_format() -> None:
    assert (BoundingBox.kind, Ellipse.kind, Tag.kind) == ("bounding_box", "ellipse", "tag")


# --- run lengths ------------------------------------------------------------------------------------


@given(labels)
def test_labels_survive(image: np.ndarray) -> None:
    runs = RunLengths.from_labels(image)
    assert np.array_equal(runs.labels(*image.shape), image)
    assert runs.total == image.size
    assert (np.diff(runs.values) != 0).all() and (runs.lengths > 0).all()
    again = RunLengths.from_pairs(runs.pairs())
    assert again == runs
    assert again.pairs() == runs.pairs()


def test_pairs_are_kept_as_they_are() -> None:
    flat = [0, 3, 0, 2, 1, 0, 5, 1]
    runs = RunLengths.from_pairs(flat)
    assert runs.pairs() == flat
    assert runs.labels(2, 3).tolist() == [[0, 0, 0], [0, 0, 5]]
    assert RunLengths.from_pairs([]).pairs() == []
    assert RunLengths.from_pairs([]).labels(0, 7).shape == (0, 7)


def test_row_after_row() -> None:
    assert RunLengths.from_labels(np.array([[1, 1], [1, 2]])).pairs() == [1, 3, 2, 1]
    assert RunLengths.from_labels(np.array([[True, False]])).pairs() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    "flat",
    [[1], [1, -1], [-1, 1], [1, 2.5], ["1", "2"], [[1, 2]], [[1, 2], [3]], [1, None], 7, [1, 2**64], [2**63, 1]],
)
def test_what_are_no_run_lengths(flat: object) -> None:
    with pytest.raises(InvalidInput):
        RunLengths.from_pairs(flat)  # type: ignore[arg-type]


@pytest.mark.parametrize("image", [[[0.5, 1.0]], [[-1, 0]]])
def test_what_is_no_label_image(image: list[list[float]]) -> None:
    with pytest.raises(InvalidInput):
        RunLengths.from_labels(np.array(image))


@pytest.mark.parametrize("shape", [(2, 2), (0, 0), (6, 1), (5, 2)])
def test_labels_need_the_right_number_of_pixels(shape: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="covers 5 pixels"):
        RunLengths.from_pairs([0, 5]).labels(*shape)


def test_lengths_that_wrap_around_are_refused() -> None:
    hostile = RunLengths.from_pairs([1, 2**63 - 1, 2, 2**63 - 1, 3, 6])
    assert hostile.total > 2**63
    with pytest.raises(InvalidInput):
        hostile.labels(2, 2)
