"""Which pixels lie inside paths."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.geometry import points
from groundtruth.domain.painting import Window, inside, paint

HEIGHT, WIDTH = 9, 11
coordinates = st.one_of(st.integers(-4, 15).map(float), st.integers(-8, 30).map(lambda n: n / 2), st.floats(-4, 15))
paths = st.lists(st.tuples(coordinates, coordinates), max_size=7).map(points)


def whole(window: Window) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH), bool)
    window.of(image)[:] = window.mask
    return image


def by_hand(shapes: list[np.ndarray]) -> np.ndarray:
    """Even-odd rule with a ray to the left from each centre, pixel by pixel."""
    image = np.zeros((HEIGHT, WIDTH), bool)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = column + 0.5, row + 0.5
            for path in shapes:
                for (x0, y0), (x1, y1) in zip(path, np.roll(path, -1, axis=0), strict=True):
                    if y0 > y1:
                        x0, y0, x1, y1 = x1, y1, x0, y0
                    if y0 <= y < y1 and x0 + (y - y0) / (y1 - y0) * (x1 - x0) <= x:
                        image[row, column] ^= True
    return image


@given(st.lists(paths, max_size=3))
def test_a_pixel_is_inside_if_its_centre_is(shapes: list[np.ndarray]) -> None:
    assert np.array_equal(whole(inside(shapes, HEIGHT, WIDTH)), by_hand(shapes))


@given(paths, paths)
def test_paths_together_are_their_difference(one: np.ndarray, other: np.ndarray) -> None:
    both = whole(inside([one, other], HEIGHT, WIDTH))
    assert np.array_equal(both, whole(inside([one], HEIGHT, WIDTH)) ^ whole(inside([other], HEIGHT, WIDTH)))


@given(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=6), st.data())
def test_neighbours_share_no_pixel_and_leave_none_out(
    corners: list[tuple[float, float]], data: st.DataObject
) -> None:
    centre = (data.draw(coordinates), data.draw(coordinates))
    fan = [[centre, one, other] for one, other in zip(corners, corners[1:] + corners[:1], strict=True)]
    parity = np.zeros((HEIGHT, WIDTH), bool)
    for triangle in fan:
        parity ^= whole(inside([points(triangle)], HEIGHT, WIDTH))
    assert np.array_equal(parity, whole(inside([points(corners)], HEIGHT, WIDTH)))


@given(paths)
def test_neither_direction_nor_first_point_matters(path: np.ndarray) -> None:
    image = whole(inside([path], HEIGHT, WIDTH))
    assert np.array_equal(image, whole(inside([path[::-1]], HEIGHT, WIDTH)))
    assert np.array_equal(image, whole(inside([np.roll(path, 1, axis=0)], HEIGHT, WIDTH)))


def test_a_square_covers_its_pixels_and_a_hole_is_none() -> None:
    square, hole = points([(1, 1), (5, 1), (5, 4), (1, 4)]), points([(2, 2), (4, 2), (4, 3), (2, 3)])
    image = whole(inside([square, hole], HEIGHT, WIDTH))
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[1:4, 1:5] = True
    expected[2, 2:4] = False
    assert np.array_equal(image, expected)


def test_coordinates_of_any_size_are_drawn() -> None:
    huge = points([(-1e300, -1e300), (1e300, -1e300), (1e300, 1e300), (-1e300, 1e300)])
    assert whole(inside([huge], HEIGHT, WIDTH)).all()
    assert not whole(inside([points([(1e300, 0), (1e301, 1e301), (1e308, -1e308)])], HEIGHT, WIDTH)).any()
    assert inside([], HEIGHT, WIDTH).mask.size == 0
    assert inside([points([])], 0, 0).mask.size == 0


def test_later_areas_lie_above_earlier_ones() -> None:
    low, high = points([(0, 0), (6, 0), (6, 6), (0, 6)]), points([(3, 3), (9, 3), (9, 9), (3, 9)])
    areas = [(7, inside([low], HEIGHT, WIDTH)), (9, inside([high], HEIGHT, WIDTH))]
    image = paint(areas, HEIGHT, WIDTH, np.dtype(np.uint8))
    assert image.dtype == np.uint8
    assert (image[0, 0], image[4, 4], image[8, 8], image[8, 0]) == (7, 9, 9, 0)
    assert paint(reversed(areas), HEIGHT, WIDTH, np.dtype(np.uint16))[4, 4] == 7
