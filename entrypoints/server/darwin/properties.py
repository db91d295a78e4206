"""Properties (E34 to E36, section 3.2). Their ids are derived from their names, so that they need no place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ....adapters.darwin.vocabulary import KnownProperty
from ....domain.access import Permission
from ....domain.classes import Granularity, PropertyChoice, PropertyDefinition, PropertyType
from ....domain.dataset import Dataset
from ....domain.errors import InvalidInput, NameTaken, NotFound
from ..call import Call, Route
from .classes import UsedClass, team_classes
from .datasets import by_id
from .fields import flag, integer, listed, mapping, mappings, optional_mapping, optional_text, text
from .records import number_of
from .stages import derived

TYPES = (*PropertyType, "audio", "attributes", "instance_id", "directional_vector")

Known = Mapping[str, KnownProperty]


def property_id(team: str, definition: PropertyDefinition) -> str:
    """The id of a property: that of its team, class and name."""
    return derived("property", team, definition.class_name or "", definition.class_kind or "", definition.name)


def value_id(owner: str, value: str) -> str:
    """The id of a property's value."""
    return derived("property value", owner, value)


def known_properties(call: Call, datasets: Sequence[Dataset]) -> dict[str, KnownProperty]:
    """Properties of the classes and items of datasets, by id."""
    known: dict[str, KnownProperty] = {}
    for dataset in datasets:
        for definition in call.hub.list_properties(dataset):
            found_id = property_id(call.team, definition)
            present = known.get(found_id)
            shown = () if present is None else present.dataset_ids or ()
            known[found_id] = KnownProperty(
                found_id,
                definition if present is None else _with_choices(present.definition, definition.choices),
                {
                    **(present.value_ids if present is not None else {}),
                    **{one.value: value_id(found_id, one.value) for one in definition.choices},
                },
                (*shown, dataset.id) if definition.class_name is None else None,
            )
    return known


def _with_choices(definition: PropertyDefinition, choices: Sequence[PropertyChoice]) -> PropertyDefinition:
    there = {one.value for one in definition.choices}
    more = tuple(one for one in choices if one.value not in there)
    return attrs.evolve(definition, choices=(*definition.choices, *more)) if more else definition


def property_record(known: KnownProperty, call: Call, classes: Mapping[int, UsedClass]) -> dict[str, Any]:
    """A property as Darwin's clients know it."""
    one = known.definition
    parent = None if one.parent_name is None else property_id(call.team, _parent(one))
    return {
        "id": known.id,
        "name": one.name,
        "slug": one.name,
        "type": str(one.type),
        "required": one.required,
        "description": one.description,
        "position": 0,
        "granularity": str(one.granularity),
        "annotation_class_id": _class_id(one, classes),
        "team_id": number_of(call.team),
        "dataset_ids": list(known.dataset_ids or ()),
        "parent_property_id": parent,
        "trigger_condition": None if parent is None else _trigger(one, parent),
        "property_values": [] if known.is_text else [value_record(known, one) for one in one.choices],
    }


def value_record(known: KnownProperty, choice: PropertyChoice) -> dict[str, Any]:
    """A value of a property. Clients refuse a colour that is spelled in any other way."""
    color = choice.color if choice.color.startswith("rgba") else "auto"
    return {"id": known.value_ids[choice.value], "type": "string", "value": choice.value, "color": color}


def _parent(one: PropertyDefinition) -> PropertyDefinition:
    return attrs.evolve(one, name=one.parent_name, parent_name=None)


def _trigger(one: PropertyDefinition, parent: str) -> dict[str, Any]:
    if one.trigger is None:
        return {"type": "any_value"}
    return {"type": "value_match", "property_value_ids": [value_id(parent, value) for value in one.trigger]}


def _class_id(one: PropertyDefinition, classes: Mapping[int, UsedClass]) -> int | None:
    for class_id, used in classes.items():
        if used.definition.name == one.class_name and one.class_kind in {None, used.definition.kind}:
            return class_id
    return None


# --- requests -------------------------------------------------------------------------------------------------------


def list_properties(call: Call) -> dict[str, Any]:
    """All of the team, always with their values."""
    classes = team_classes(call)
    return {"properties": [property_record(one, call, classes) for one in _of_team(call).values()]}


def get_property(call: Call) -> dict[str, Any]:
    """One by its id."""
    return property_record(_named(call, _of_team(call)), call, team_classes(call))


def create_property(call: Call) -> dict[str, Any]:
    """Create one. An item property for which no dataset is named is shown in all there are: it has to be in one."""
    classes, known = team_classes(call), _of_team(call)
    body = mapping(call.body)
    wanted, owner = _new_definition(body, classes)
    if property_id(call.team, wanted) in known:
        raise NameTaken(f"property '{wanted.name}'", "exists already")
    parent: KnownProperty | None = None
    if body.get("parent_property_id") is not None:
        parent = known.get(text(body, "parent_property_id"))
        wanted = _nested(wanted, parent, optional_mapping(body, "trigger_condition") or {})
    datasets = _shown_in(call, body, parent) if owner is None else list(owner.datasets.values())[:1]
    if not datasets:
        raise InvalidInput("the team", "has no dataset to show the property in", "Create a dataset first")
    for dataset in datasets:
        call.hub.add_properties(dataset, [wanted])
    return property_record(_of_team(call)[property_id(call.team, wanted)], call, classes)


def _new_definition(
    body: Mapping[str, Any], classes: Mapping[int, UsedClass]
) -> tuple[PropertyDefinition, UsedClass | None]:
    kind = text(body, "type")
    if kind not in TYPES:
        raise InvalidInput(f"property type '{kind}'", "is unknown", f"Types are: {', '.join(TYPES)}")
    granularity = text(body, "granularity", Granularity.SECTION)
    if granularity not in tuple(Granularity):
        raise InvalidInput("granularity", f"must be one of {', '.join(Granularity)}")
    owner: UsedClass | None = None
    if granularity != Granularity.ITEM:
        class_id = integer(body.get("annotation_class_id"), "annotation_class_id")
        owner = classes.get(class_id)
        if owner is None:
            raise InvalidInput(f"annotation class {class_id}", "is not one of the team")
    definition = PropertyDefinition(
        text(body, "name"),
        kind,
        Granularity(granularity),
        owner and owner.definition.name,
        owner and owner.definition.kind,
        text(body, "description", ""),
        flag(body, "required"),
        () if kind == PropertyType.TEXT else _choices(body),
    )
    return definition, owner


def _choices(body: Mapping[str, Any]) -> tuple[PropertyChoice, ...]:
    values = mappings(body, "property_values") if body.get("property_values") is not None else []
    return tuple(PropertyChoice(text(one, "value"), text(one, "color", "auto")) for one in values)


def _nested(
    wanted: PropertyDefinition, parent: KnownProperty | None, condition: Mapping[str, Any]
) -> PropertyDefinition:
    """The property below its parent (section 9.5)."""
    what = f"property '{wanted.name}'"
    if parent is None:
        raise InvalidInput(what, "has a parent that is not there")
    above = parent.definition
    if (above.class_name, above.class_kind, above.granularity) != (
        wanted.class_name, wanted.class_kind, wanted.granularity,
    ):  # fmt: skip
        raise InvalidInput(what, "has a parent of another class or granularity")
    trigger: tuple[str, ...] | None = None
    if condition.get("type") == "value_match":
        ids = dict.fromkeys(map(str, listed(condition, "property_value_ids")))
        if not ids or not ids.keys() <= parent.values.keys():
            raise InvalidInput(what, f"depends on something that is no value of '{above.name}'")
        trigger = tuple(parent.values[one] for one in ids)
    elif condition.get("type") != "any_value":
        raise InvalidInput("trigger_condition", "must have the type any_value or value_match")
    return attrs.evolve(wanted, parent_name=above.name, trigger=trigger)


def _shown_in(call: Call, body: Mapping[str, Any], parent: KnownProperty | None) -> list[Dataset]:
    if parent is not None:
        return [by_id(call, dataset_id) for dataset_id in parent.dataset_ids or ()]
    if body.get("dataset_ids"):
        return _datasets(call, body)
    return list(call.hub.list_datasets(call.team))


def update_property(call: Call) -> dict[str, Any]:
    """Add values to one, and datasets that show it; what it is and is called stays."""
    classes, team = team_classes(call), _of_team(call)
    known = _named(call, team)
    body = mapping(call.body)
    definition = known.definition
    wanted = attrs.evolve(definition, choices=() if known.is_text else _choices(body))
    if definition.class_name is not None:
        owner = classes.get(_class_id(definition, classes) or 0)
        for dataset in list(owner.datasets.values())[:1] if owner is not None else ():
            call.hub.add_properties(dataset, [wanted])
    else:
        present = known.dataset_ids or ()
        added = [] if definition.parent_name is not None else _datasets(call, body)
        for dataset_id in present:
            call.hub.add_properties(by_id(call, dataset_id), [wanted])
        for dataset in added:
            if dataset.id not in present:
                whole = _with_choices(definition, wanted.choices)
                call.hub.add_properties(dataset, [whole, *_below(definition, team)])
    return property_record(_of_team(call)[known.id], call, classes)


def _datasets(call: Call, body: Mapping[str, Any]) -> list[Dataset]:
    ids = listed(body, "dataset_ids") if body.get("dataset_ids") is not None else []
    return [by_id(call, one) for one in dict.fromkeys(integer(one, "dataset_ids") for one in ids)]


def _below(root: PropertyDefinition, team: Known) -> list[PropertyDefinition]:
    """Item properties that hang below another: they are shown where it is."""
    found: list[PropertyDefinition] = []
    names = {root.name}
    while True:
        more = [
            one.definition
            for one in team.values()
            if one.definition.class_name is None
            and one.definition.parent_name in names
            and one.definition.name not in names
        ]
        if not more:
            return found
        found += more
        names.update(one.name for one in more)


def update_value(call: Call) -> dict[str, Any]:
    """Confirm a value as it is: its id is its name, so it cannot get another."""
    known = _named(call, _of_team(call))
    for choice in known.definition.choices:
        if known.value_ids[choice.value] == call.path["value_id"]:
            record = value_record(known, choice)
            body = mapping(call.body)
            if (optional_text(body, "value") or choice.value, optional_text(body, "color") or record["color"]) != (
                choice.value, record["color"],
            ):  # fmt: skip
                raise InvalidInput(f"value '{choice.value}'", "cannot be changed on this hub", "Add another value")
            return record
    raise NotFound("property value", call.path["value_id"])


def _of_team(call: Call) -> dict[str, KnownProperty]:
    return known_properties(call, call.hub.list_datasets(call.team))


def _named(call: Call, known: Known) -> KnownProperty:
    found = known.get(call.path["property_id"])
    if found is None:
        raise NotFound("property", call.path["property_id"])
    return found


_PROPERTIES = "v2/teams/{team}/properties"

ROUTES = (
    Route("GET", _PROPERTIES, list_properties, Permission.READ),
    Route("POST", _PROPERTIES, create_property, Permission.CONTRIBUTE),
    Route("GET", f"{_PROPERTIES}/{{property_id}}", get_property, Permission.READ),
    Route("PUT", f"{_PROPERTIES}/{{property_id}}", update_property, Permission.CONTRIBUTE),
    Route("PUT", f"{_PROPERTIES}/{{property_id}}/property_values/{{value_id}}", update_value, Permission.CONTRIBUTE),
)
