"""Properties of a Darwin hub (reference: V7 Darwin, sections 9.4 and 9.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import attrs

from ...domain.classes import AnnotationClass, Granularity, PropertyDefinition
from ...domain.dataset import Dataset
from ...domain.errors import Conflict, GroundtruthError, InvalidInput, NameTaken
from .api import Api, Rejected, Unsure, segment
from .definitions import (
    PropertyList,
    PropertyRecord,
    nesting_body,
    property_body,
    read_properties,
    update_body,
)
from .vocabulary import KnownProperty

Key = tuple[str | None, str | None, str]
"""Class name and kind (None: of items), and name."""

ROUNDS = 4
"""How often properties are added and looked for again: others may add and change them at the same time."""


class Properties:
    """Lists properties, and adds what is missing. `classes` are always those of the whole team."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of_team(self, team: str, classes: Sequence[AnnotationClass]) -> list[KnownProperty]:
        """All properties of a team."""
        answer = self._api.get_as(PropertyList, team, self._path(team), [("include_values", "true")])
        return read_properties(answer.properties, classes)

    def of_dataset(
        self, dataset: Dataset, used: Sequence[AnnotationClass], classes: Sequence[AnnotationClass]
    ) -> list[PropertyDefinition]:
        """Those of the classes a dataset uses, and of its items, by class and name."""
        owners = {(one.name, one.kind) for one in used}
        found = [
            known.definition
            for known in self.of_team(dataset.team, classes)
            if (known.definition.class_name, known.definition.class_kind) in owners
            or (known.dataset_ids is not None and dataset.id in known.dataset_ids)
        ]
        return sorted(found, key=lambda one: (one.class_name or "", one.class_kind or "", one.name))

    def add(
        self, dataset: Dataset, properties: Sequence[PropertyDefinition], classes: Sequence[AnnotationClass]
    ) -> None:
        """Create properties, parents first; add values; show item properties in the dataset.

        Raises:
            InvalidInput: a class or a parent that is nowhere, parents in a ring.
        """
        given = _merged(properties, classes)
        failure: GroundtruthError | None = None
        for _ in range(ROUNDS):
            known = {_key(one.definition): one for one in self.of_team(dataset.team, classes)}
            wanted = _in_order({**_roots(given, known), **given}, known)
            lacking = [one for one in wanted if _is_lacking(one, known.get(_key(one)), dataset)]
            if not lacking:
                return
            for one in lacking:
                try:
                    self._ensure(dataset, one, known, classes)
                except (NameTaken, Rejected, Unsure) as error:
                    failure = error  # perhaps because someone was quicker: the next look tells
        raise failure or Conflict("the properties of the hub", "are changed by others all the time", "Try again")

    def _ensure(
        self,
        dataset: Dataset,
        wanted: PropertyDefinition,
        known: dict[Key, KnownProperty],
        classes: Sequence[AnnotationClass],
    ) -> None:
        present = known.get(_key(wanted))
        path = self._path(dataset.team)
        if present is not None:
            choices = [one for one in wanted.choices if one.value not in present.value_ids]
            shown = present.dataset_ids is None or dataset.id in present.dataset_ids
            is_root = wanted.parent_name is None and present.definition.parent_name is None
            body = update_body(present, choices, dataset.id if is_root and not shown else None)
            self._api.put(dataset.team, f"{path}/{segment(present.id)}", body)
            del known[_key(wanted)]  # its new values have ids that children need: next round
            return
        body = property_body(wanted, _class_id(wanted, classes), dataset.id)
        if wanted.parent_name is not None:
            parent = known.get(_parent_key(wanted))
            if parent is None:
                return  # it was just changed, or its creation failed: next round
            body |= nesting_body(wanted, parent)
        record = self._api.post_as(PropertyRecord, dataset.team, path, body, repeatable=False)
        # Its children, which come next, need the ids of it and its values.
        ids = {one.value: one.id for one in record.property_values or () if one.value is not None}
        known[_key(wanted)] = KnownProperty(record.id, wanted, ids)

    def _path(self, team: str) -> str:
        return f"v2/teams/{segment(team)}/properties"


def _key(one: PropertyDefinition) -> Key:
    return one.class_name, one.class_kind, one.name


def _parent_key(one: PropertyDefinition) -> Key:
    return one.class_name, one.class_kind, one.parent_name or ""


def _merged(
    properties: Sequence[PropertyDefinition], classes: Sequence[AnnotationClass]
) -> dict[Key, PropertyDefinition]:
    """Each property once, with the choices of all its mentions, under its class's name and kind."""
    merged: dict[Key, PropertyDefinition] = {}
    for one in properties:
        if one.class_name is not None:
            owner = _owner(one, classes)
            one = attrs.evolve(one, class_kind=owner.kind)
        present = merged.get(_key(one), attrs.evolve(one, choices=()))
        choices = {choice.value: choice for choice in reversed((*present.choices, *one.choices))}
        merged[_key(one)] = attrs.evolve(present, choices=tuple(reversed(choices.values())))
    return merged


def _owner(wanted: PropertyDefinition, classes: Sequence[AnnotationClass]) -> AnnotationClass:
    for one in classes:
        if one.name == wanted.class_name and wanted.class_kind in {None, one.kind}:
            return one
    reason = f"belongs to a class '{wanted.class_name}' that the hub does not have"
    raise InvalidInput(f"property '{wanted.name}'", reason, "Add the class first")


def _class_id(wanted: PropertyDefinition, classes: Sequence[AnnotationClass]) -> int | None:
    return None if wanted.class_name is None else _owner(wanted, classes).id


def _roots(
    given: Mapping[Key, PropertyDefinition], known: Mapping[Key, KnownProperty]
) -> dict[Key, PropertyDefinition]:
    """The known properties at whose ends those of items hang: a dataset shows all below one, or nothing."""
    roots: dict[Key, PropertyDefinition] = {}
    for one in given.values():
        if one.granularity is not Granularity.ITEM or one.parent_name is None:
            continue
        parent = known.get(_parent_key(one))
        for _ in known:  # no chain is longer, unless it is a ring
            if parent is None or parent.definition.parent_name is None:
                break
            parent = known.get(_parent_key(parent.definition))
        if parent is not None:
            roots[_key(parent.definition)] = attrs.evolve(parent.definition, choices=())
    return roots


def _in_order(
    wanted: Mapping[Key, PropertyDefinition], known: Mapping[Key, KnownProperty]
) -> list[PropertyDefinition]:
    """Parents before their children.

    Raises:
        InvalidInput: a parent is nowhere, or they form a ring.
    """
    sorter: TopologicalSorter[Key] = TopologicalSorter()
    for key, one in wanted.items():
        parent = _parent_key(one)
        sorter.add(key, *([parent] if parent in wanted else []))
        if one.parent_name is not None and parent not in wanted and parent not in known:
            raise InvalidInput(f"property '{one.name}'", f"has a parent '{one.parent_name}' that is nowhere")
    try:
        return [wanted[key] for key in sorter.static_order()]
    except CycleError as error:
        names = " > ".join(key[2] for key in error.args[1])
        raise InvalidInput("properties", f"are parents of each other: {names}") from error


def _is_lacking(wanted: PropertyDefinition, present: KnownProperty | None, dataset: Dataset) -> bool:
    if present is None:
        return True
    if not present.is_text and any(one.value not in present.value_ids for one in wanted.choices):
        return True
    is_root = present.definition.parent_name is None
    return is_root and present.dataset_ids is not None and dataset.id not in present.dataset_ids
