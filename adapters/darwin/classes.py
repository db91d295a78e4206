"""Classes, attributes and properties of a Darwin hub (reference: V7 Darwin, section 9)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ...domain.classes import AnnotationClass, AttributeDefinition, PropertyDefinition
from ...domain.dataset import Dataset
from ...domain.errors import (
    Conflict,
    GroundtruthError,
    InvalidInput,
    NameTaken,
    NotFound,
)
from .api import Api, Rejected, Unsure, segment
from .definitions import AttributeRecord, ClassList, TeamClass, TypeRecord, class_body, read_class, type_ids
from .listing import no_dataset
from .properties import Properties
from .vocabulary import Vocabulary

ROUNDS = 4
"""How often missing classes are added and looked for again: others may add and change them at the same time."""

NODED = ("skeleton", "eye")
"""Types whose classes say which nodes there are; Darwin takes none without."""


class DarwinClasses:
    """Implements `ports.annotations.ClassCatalogue`. Thread-safe.

    What the listing methods tell is always fresh. `vocabulary` is kept, because imports ask for it once per item.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._properties = Properties(api)
        self._lock = threading.Lock()
        self._types: dict[str, int] = {}
        self._words: dict[tuple[str, int], Vocabulary] = {}

    # --- classes ------------------------------------------------------------------------------------

    def list_classes(self, dataset: Dataset) -> Sequence[AnnotationClass]:
        """Classes of the dataset, and the one of raster layers."""
        return _of_dataset(self._team_classes(dataset.team), dataset.id)

    def add_classes(self, dataset: Dataset, classes: Sequence[AnnotationClass]) -> Sequence[AnnotationClass]:
        """Create classes that the team lacks, and attach those that the dataset lacks.

        Raises:
            InvalidInput: the hub does not have the type of one, or needs to know its nodes.
        """
        try:
            return self._add(dataset, classes)
        finally:
            self.forget(dataset.team)

    def _add(self, dataset: Dataset, classes: Sequence[AnnotationClass]) -> Sequence[AnnotationClass]:
        wanted = {(one.name, one.kind): one for one in reversed(classes)}
        failure: GroundtruthError | None = None
        for _ in range(ROUNDS):
            known = {_key(one): one for one in self._team_classes(dataset.team)} if wanted else {}
            lacking = [key for key in wanted if key not in known or not known[key].is_in(dataset.id)]
            if not lacking:
                return [known[one.name, one.kind].definition for one in classes]
            for key in lacking:
                try:
                    if key in known:
                        self._attach(dataset, known[key])
                    else:
                        self._create(dataset, wanted[key])
                except (NameTaken, Rejected, Unsure) as error:
                    failure = error  # perhaps because someone was quicker: the next look tells
        raise failure or Conflict("the classes of the hub", "are changed by others all the time", "Try again")

    def _create(self, dataset: Dataset, wanted: AnnotationClass) -> None:
        if wanted.kind in NODED and wanted.kind not in wanted.metadata and not self._api.is_native(dataset.team):
            raise InvalidInput(
                f"annotation class '{wanted.name}'",
                f"is a {wanted.kind}, and the hub must be told its nodes",
                "Create it on the hub, or import with the .v7/metadata.json that describes it",
            )
        body = class_body(wanted, dataset.id, self._type_ids(dataset.team))
        self._api.post(dataset.team, "annotation_classes", body, repeatable=False)

    def _attach(self, dataset: Dataset, known: TeamClass) -> None:
        ids = (*known.dataset_ids, dataset.id)
        body = {"id": known.definition.id, "datasets": [{"id": one} for one in ids]}
        self._api.put(dataset.team, f"annotation_classes/{known.definition.id}", body)

    def _team_classes(self, team: str) -> list[TeamClass]:
        path = f"teams/{segment(team)}/annotation_classes"
        records = self._api.get_as(ClassList, team, path, [("include_tags", "true")]).annotation_classes
        return [one for one in map(read_class, records) if one is not None]

    def _type_ids(self, team: str) -> dict[str, int]:
        if not self._types:
            self._types = type_ids(self._api.get_as(list[TypeRecord], team, "annotation_types"))
        return self._types

    # --- attributes ---------------------------------------------------------------------------------

    def list_attributes(self, dataset: Dataset) -> Sequence[AttributeDefinition]:
        """Attributes of the dataset's classes."""
        attributes = self._attributes(dataset)
        owners = {one.definition.id: _key(one) for one in self._team_classes(dataset.team) if one.is_in(dataset.id)}
        found = [one for one in attributes if one.class_id in owners]
        return sorted(found, key=lambda one: (owners[one.class_id], one.name))

    def _attributes(self, dataset: Dataset) -> list[AttributeDefinition]:
        try:
            records = self._api.get_as(list[AttributeRecord], dataset.team, f"datasets/{dataset.id}/attributes")
        except NotFound as error:
            raise no_dataset(dataset, self._api.name) from error
        return [AttributeDefinition(str(one.id), one.name, one.class_id) for one in records]

    # --- properties ---------------------------------------------------------------------------------

    def list_properties(self, dataset: Dataset) -> Sequence[PropertyDefinition]:
        """Properties of the dataset's classes and items."""
        classes = self._team_classes(dataset.team)
        return self._properties.of_dataset(dataset, _of_dataset(classes, dataset.id), _of_dataset(classes, None))

    def add_properties(self, dataset: Dataset, properties: Sequence[PropertyDefinition]) -> None:
        """Create properties that the team lacks, add values that they lack, show item properties in the dataset.

        Raises:
            InvalidInput: a class or a parent that is nowhere, parents in a ring.
        """
        if not properties:
            return
        try:
            self._properties.add(dataset, properties, _of_dataset(self._team_classes(dataset.team), None))
        finally:
            self.forget(dataset.team)

    # --- everything by id ---------------------------------------------------------------------------

    def vocabulary(self, dataset: Dataset, fresh: bool = False) -> Vocabulary:
        """What the ids mean that annotations of a dataset hold: as the hub said last, or (`fresh`) says now."""
        key = (dataset.team, dataset.id)
        with self._lock:
            known = None if fresh else self._words.get(key)
        if known is None:
            classes = self._team_classes(dataset.team)
            known = Vocabulary(
                tuple(_of_dataset(classes, dataset.id)),
                tuple(self._attributes(dataset)),
                tuple(self._properties.of_team(dataset.team, _of_dataset(classes, None))),
                tuple(_of_dataset(classes, None)),
            )
            with self._lock:
                self._words[key] = known
        return known

    def forget(self, team: str) -> None:
        """Ask the hub again when `vocabulary` is needed next."""
        with self._lock:
            for key in [key for key in self._words if key[0] == team]:
                del self._words[key]


def _key(one: TeamClass) -> tuple[str, str]:
    return one.definition.name, one.definition.kind


def _of_dataset(classes: Sequence[TeamClass], dataset_id: int | None) -> list[AnnotationClass]:
    """Classes of a dataset (None: of the team), by name and kind."""
    return sorted((one.definition for one in classes if one.is_in(dataset_id)), key=lambda one: (one.name, one.kind))
