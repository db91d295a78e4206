"""What is in each photo, found by looking at its pixels. Thresholds are per photo; coordinates are never given."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray
from regions import (
    boxes,
    ellipse,
    grow,
    keypoints,
    largest,
    masks,
    pixels_of,
    polygon,
    polygons,
    regions,
    tidy,
    without_specks,
)
from scipy import ndimage
from skimage import color, feature, filters, morphology, segmentation
from sources import SKIMAGE, data_folder

from groundtruth.domain.annotation import Annotation, PropertyValue
from groundtruth.domain.geometry import Box
from groundtruth.domain.shapes import BoundingBox, Tag

Photo = NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""


def annotate(name: str, photo: Photo) -> list[Annotation]:
    """Everything found in the photo called `name`: its tags, then its objects."""
    return [*tags(photo), *SUBJECTS[name](photo)]


def tags(photo: Photo) -> list[Annotation]:
    """Colour, brightness and detail, as measured."""
    grey = color.rgb2gray(photo)
    light, edges = grey.mean(), feature.canny(grey, sigma=2).mean()
    found = [
        "colour" if np.ptp(photo.astype(int), axis=2).mean() > 4 else "greyscale",
        "dark" if light < 0.35 else "bright" if light > 0.6 else "mid-tone",
        "many edges" if edges > 0.04 else "few edges",
    ]
    return [Annotation(name, Tag()) for name in found]


def hue_between(photo: Photo, low: float, high: float, saturation: float, value: float) -> NDArray[np.bool_]:
    """Pixels with a hue in [low, high) (0..1, may run below 0 through red), saturated and bright enough."""
    hue, saturated, bright = np.moveaxis(color.rgb2hsv(photo), 2, 0)
    return ((hue - low) % 1 < high - low) & (saturated > saturation) & (bright > value)


# --- people and things -------------------------------------------------------------------------------


def astronaut(photo: Photo) -> list[Annotation]:
    suit = tidy(hue_between(photo, 0, 0.075, 0.6, 0.4), opening=2, closing=5, holes=300)
    detector = feature.Cascade(str(data_folder(*SKIMAGE) / "lbpcascade_frontalface_opencv.xml"))
    faces = detector.detect_multi_scale(photo, 1.2, 1, min_size=(60, 60), max_size=(200, 200))
    places = [Box(*(float(face[key]) for key in ("c", "r", "width", "height"))) for face in faces]
    found = [Annotation("face", BoundingBox(place)) for place in places]
    return [*found, *polygons("orange suit", regions(suit, 3000))]


def camera(photo: Photo) -> list[Annotation]:
    grey = filters.gaussian(color.rgb2gray(photo), 1.5)
    dark = tidy(grey < filters.threshold_otsu(grey), opening=3, holes=400)
    return [Annotation("photographer", polygon(largest(dark)))]


def coffee(photo: Photo) -> list[Annotation]:
    red = hue_between(photo, -0.04, 0.047, 0.6, 0.1)
    # The table is reddish too, but browner; in the shadows only the place tells them apart.
    vivid = tidy(red & (color.rgb2lab(photo)[..., 1] > 20), opening=3, closing=5)
    inside = morphology.convex_hull_image(pixels_of(largest(vivid), vivid))
    outline = largest(tidy(red & inside, opening=3, closing=3, holes=400))
    liquid = tidy(hue_between(photo, 0.045, 0.11, 0.6, 0.55) & inside, opening=4)
    return [
        Annotation("red ceramic", polygon(outline)),
        Annotation("coffee", ellipse(largest(liquid))),
    ]


def coins(photo: Photo) -> list[Annotation]:
    grey = color.rgb2gray(photo)
    markers = np.where(grey < 0.12, 1, np.where(grey > 0.59, 2, 0))
    metal = segmentation.watershed(filters.sobel(grey), markers) == 2
    found = regions(tidy(ndimage.binary_fill_holes(metal), opening=3), 300)
    limit = filters.threshold_otsu(np.array([region.area for region in found]))
    sizes = ["large" if region.area > limit else "small" for region in found]
    sized = [
        attrs.evolve(coin, properties=(PropertyValue("size", size),))
        for coin, size in zip(polygons("coin", found), sizes, strict=True)
    ]
    return [*sized, *boxes("coin", found)]


def motorcycle_left(photo: Photo) -> list[Annotation]:
    red = tidy(hue_between(photo, -0.05, 0.04, 0.7, 0.3), opening=2, closing=3, holes=60)
    return polygons("red surface", regions(red, 250))


def page(photo: Photo) -> list[Annotation]:
    grey = color.rgb2gray(photo)
    ink = grey < filters.threshold_local(grey, 35, offset=0.05)
    found = regions(morphology.dilation(ink, np.ones((3, 5))), 60)
    # Rules and folds of the paper are as dark as ink, but fill little of their box or are flat.
    return boxes("word", [region for region in found if region.extent > 0.4 and region.image.shape[0] > 8])


# --- outdoors ---------------------------------------------------------------------------------------


def brick(photo: Photo) -> list[Annotation]:
    grey = filters.gaussian(color.rgb2gray(photo), 1)
    dark = segmentation.clear_border(tidy(grey < filters.threshold_local(grey, 51), opening=3))
    found = regions(ndimage.binary_fill_holes(dark), 300)
    return polygons("brick", [region for region in found if region.solidity > 0.8])


def chelsea(photo: Photo) -> list[Annotation]:
    soft = (filters.gaussian(photo, 1, channel_axis=2) * 255).astype(np.uint8)
    green = tidy(hue_between(soft, 0.1, 0.3, 0.3, 0.2), opening=2)
    # The pupil is a hole in the iris and stays one.
    return polygons("iris", regions(green, 200))


def china(photo: Photo) -> list[Annotation]:
    saturated = color.rgb2hsv(photo)[..., 1] > 0.35
    light = filters.gaussian(color.rgb2gray(photo), 1) > 0.6
    return [Annotation("sky and lake", polygon(largest(tidy(light & ~saturated, opening=2))))]


def flower(photo: Photo) -> list[Annotation]:
    petals = ndimage.binary_fill_holes(tidy(hue_between(photo, 0, 0.12, 0.35, 0.35), opening=4))
    return polygons("flower", regions(petals, 1500))


def rocket(photo: Photo) -> list[Annotation]:
    grey = color.rgb2gray(photo)
    light, _, warmth = np.moveaxis(color.rgb2lab(photo), 2, 0)
    # The rocket is no bluer than grey and stands: a tall narrow window leaves it and takes away masts and lamps.
    standing = morphology.closing((light > 25) & (warmth > -4), np.ones((25, 1)))
    body = largest(morphology.opening(standing, np.ones((151, 7))))
    apart = (grey > 0.6) & ~morphology.dilation(pixels_of(body, grey > 0), np.ones((1, 41)))
    lamps = [region for region in regions(apart, 40) if grey[region.slice].max() > 0.95]
    return [Annotation("rocket", polygon(body)), *keypoints("lamp", lamps)]


# --- science ----------------------------------------------------------------------------------------


def cell(photo: Photo) -> list[Annotation]:
    grey = filters.gaussian(color.rgb2gray(photo), 2)
    return polygons("cell", regions(ndimage.binary_fill_holes(grey > filters.threshold_otsu(grey)), 500))


def hubble_deep_field(photo: Photo) -> list[Annotation]:
    light = filters.gaussian(color.rgb2gray(photo), 1.5) > 0.25
    return [Annotation("light source", ellipse(region)) for region in regions(light, 60)]


def ihc(photo: Photo) -> list[Annotation]:
    stains = color.rgb2hed(photo)
    brown, blue = filters.gaussian(stains[..., 2], 2), filters.gaussian(stains[..., 0], 1.5)
    stained = tidy(brown > filters.threshold_otsu(brown), opening=3, holes=100)
    nuclei = tidy(blue > filters.threshold_otsu(blue), opening=2) & ~grow(stained, 3)
    return [*masks({"stained tissue": stained}), *polygons("nucleus", regions(nuclei, 40))]


def moon(photo: Photo) -> list[Annotation]:
    grey = filters.gaussian(color.rgb2gray(photo), 2)
    return polygons("dark patch", regions(filters.gaussian(grey, 25) - grey > 0.055, 80))


def retina(photo: Photo) -> list[Annotation]:
    # Vessels are many pixels wide, so half the resolution shows them as well in a quarter of the time.
    half = photo[::2, ::2] / 255
    eye = ndimage.binary_erosion(filters.gaussian(half[..., 0], 3) > 0.2, iterations=12)
    ridges = filters.sato(filters.gaussian(half[..., 1], 1), sigmas=range(1, 5), black_ridges=True) * eye
    vessels = without_specks(filters.apply_hysteresis_threshold(ridges, 0.008, 0.02), 200)
    whole = vessels.repeat(2, 0).repeat(2, 1)[: photo.shape[0], : photo.shape[1]]
    return masks({"blood vessel": whole})


SUBJECTS: dict[str, Callable[[Photo], list[Annotation]]] = {
    subject.__name__: subject
    for subject in (
        *(astronaut, camera, coffee, coins, motorcycle_left, page),
        *(brick, chelsea, china, flower, rocket),
        *(cell, hubble_deep_field, ihc, moon, retina),
    )
}
