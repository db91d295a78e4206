"""The classes of the demo's dataset: their colours, each chosen to stand out from what it lies on, and a property.

They travel with the annotations, as `.v7/metadata.json`, into the hub, the release and the pulled copy.
"""

from __future__ import annotations

from collections.abc import Iterable

from wording import count

from groundtruth.domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.metadata import DatasetMetadata

COLORS = {
    "blood vessel": "#4df0ff",
    "bow tie": "#3df2c0",
    "brick": "#ffd84d",
    "cell": "#ff7ab8",
    "coffee": "#c6f135",
    "coin": "#c6f135",
    "dark patch": "#ff8ad8",
    "face": "#ffd84d",
    "flower": "#7dd3ff",
    "iris": "#ff6ad5",
    "lamp": "#ff8df4",
    "light source": "#ffd84d",
    "mouth open": "#ff8fab",
    "nucleus": "#12c26b",
    "orange suit": "#4be1ff",
    "photographer": "#ffb02e",
    "red ceramic": "#3fe6ee",
    "red surface": "#4be1ff",
    "rocket": "#c6f135",
    "shot": "#8ab4ff",
    "sky and lake": "#ff8a70",
    "stained tissue": "#b388ff",
    "word": "#36c5ff",
}

COIN_SIZE = PropertyDefinition(
    "size",
    granularity=Granularity.ANNOTATION,
    class_name="coin",
    class_kind="polygon",
    description="Smaller or larger, cut where the areas fall apart best",
    choices=(PropertyChoice("small"), PropertyChoice("large")),
)


def describe(documents: Iterable[AnnotationDocument]) -> DatasetMetadata:
    """Classes and properties that the documents use."""
    used = count(annotation for document in documents for annotation in document.annotations)
    classes = tuple(AnnotationClass(name, kind, color=_rgba(COLORS.get(name))) for name, kind in used)
    return DatasetMetadata(classes, (COIN_SIZE,))


def _rgba(color: str | None) -> str:
    return "rgba({},{},{},1.0)".format(*bytes.fromhex(color[1:])) if color else "auto"
