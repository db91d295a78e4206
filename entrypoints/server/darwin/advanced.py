"""The advanced filter of item listings (reference: V7 Darwin, section 3.2), as far as items can answer it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from ....domain.dataset import Dataset
from ....domain.errors import InvalidInput
from ....domain.item import Item, ItemStatus
from .fields import mapping, mappings, text
from .paging import Predicate
from .records import processing_status
from .stages import STAGES, stage_id

MAX_DEPTH = 16
MAX_LEAVES = 500

Matches = Callable[[Any], bool]
"""Whether what a subject says of an item is what is looked for."""


def predicate_of(tree: Any) -> Predicate:
    """The filter as a test of an item and its dataset.

    Raises:
        InvalidInput: it breaks the grammar, is too large, or asks for what this hub cannot tell.
    """
    return _Reader().read(tree, 1)


class _Reader:
    def __init__(self) -> None:
        self._leaves = 0

    def read(self, tree: Any, depth: int) -> Predicate:
        node = mapping(tree, "filter")
        if depth > MAX_DEPTH:
            raise InvalidInput("filter", f"has more than {MAX_DEPTH} levels")
        if "conjunction" not in node:
            self._leaves += 1
            if self._leaves > MAX_LEAVES:
                raise InvalidInput("filter", f"has more than {MAX_LEAVES} conditions")
            return _leaf(node)
        parts = [self.read(part, depth + 1) for part in mappings(node, "filters")]
        if len(parts) < 2 or node["conjunction"] not in ("and", "or"):
            raise InvalidInput("filter group", "needs 'and' or 'or' and at least two filters")
        decide = all if node["conjunction"] == "and" else any
        return lambda dataset, item: decide(part(dataset, item) for part in parts)


def _leaf(node: Mapping[str, Any]) -> Predicate:
    subject = text(node, "subject")
    matcher = mapping(node.get("matcher"), "matcher")
    name = text(matcher, "name")
    known = _SUBJECTS.get(subject)
    if known is None:
        raise InvalidInput(f"subject '{subject}'", "is not one this hub can filter by", _advice(_SUBJECTS))
    look, matchers = known
    if name not in matchers:
        raise InvalidInput(f"matcher '{name}' of subject '{subject}'", "is unknown", _advice(matchers))
    matches = _MATCHERS[name](matcher)
    return lambda dataset, item: matches(look(dataset, item))


def _advice(names: Collection[str]) -> str:
    return f"Known are: {', '.join(names)}"


# --- matchers: what is looked for, in what the subject says (a set, a text, a flag or a time) --------------------


def _any_of(matcher: Mapping[str, Any]) -> Matches:
    wanted = _values(matcher)
    return lambda found: bool(found & wanted)


def _all_of(matcher: Mapping[str, Any]) -> Matches:
    wanted = _values(matcher)
    return lambda found: wanted <= found


def _none_of(matcher: Mapping[str, Any]) -> Matches:
    wanted = _values(matcher)
    return lambda found: not found & wanted


def _prefix(matcher: Mapping[str, Any]) -> Matches:
    wanted = text(matcher, "value")
    return lambda found: any(one.startswith(wanted) for one in found)


def _suffix(matcher: Mapping[str, Any]) -> Matches:
    wanted = text(matcher, "value")
    return lambda found: any(one.endswith(wanted) for one in found)


def _contains(matcher: Mapping[str, Any]) -> Matches:
    wanted = text(matcher, "value")
    return lambda found: any(wanted in one for one in found)


def _not_contains(matcher: Mapping[str, Any]) -> Matches:
    contains = _contains(matcher)
    return lambda found: not contains(found)


def _equals(matcher: Mapping[str, Any]) -> Matches:
    wanted = matcher.get("value")
    if not isinstance(wanted, bool):
        raise InvalidInput("matcher 'equals'", "needs true or false as its value")
    return lambda found: found is wanted


def _date_range(matcher: Mapping[str, Any]) -> Matches:
    start, end = (_moment(matcher, name) for name in ("start", "end"))
    if start is None and end is None:
        raise InvalidInput("matcher 'date_range'", "needs a start or an end")

    def matches(found: str) -> bool:
        moment = datetime.fromisoformat(found)
        return (start is None or start <= moment) and (end is None or moment <= end)

    return matches


def _values(matcher: Mapping[str, Any]) -> frozenset[str]:
    values = matcher.get("values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidInput("matcher", "needs a list of texts as its values")
    return frozenset(values)


def _moment(matcher: Mapping[str, Any], name: str) -> datetime | None:
    if matcher.get(name) is None:
        return None
    try:
        moment = datetime.fromisoformat(text(matcher, name))
    except ValueError as error:
        raise InvalidInput(name, "is not a date", "For example 2026-01-31T00:00:00Z") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_MATCHERS: dict[str, Callable[[Mapping[str, Any]], Matches]] = {
    "any_of": _any_of,
    "all_of": _all_of,
    "none_of": _none_of,
    "prefix": _prefix,
    "suffix": _suffix,
    "contains": _contains,
    "not_contains": _not_contains,
    "equals": _equals,
    "date_range": _date_range,
}

# --- subjects: what an item says ---------------------------------------------------------------------------------


def _stage(dataset: Dataset, item: Item) -> frozenset[str]:
    return frozenset({stage_id(dataset, item.status)} if item.status in STAGES else ())


def _workflow_status(dataset: Dataset, item: Item) -> frozenset[str]:
    return frozenset({item.status.value} if item.status in STAGES else ())


_ONE = ("any_of", "none_of")
_SEVERAL = (*_ONE, "all_of")
_TEXTS = (*_ONE, "prefix", "suffix")

_SUBJECTS: dict[str, tuple[Callable[[Dataset, Item], Any], tuple[str, ...]]] = {
    "id": (lambda _, item: frozenset({item.id}), _ONE),
    "item_name": (lambda _, item: frozenset({item.name}), (*_TEXTS, "contains", "not_contains")),
    "folder_path": (lambda _, item: frozenset({item.path.value}), _TEXTS),
    "file_type": (lambda _, item: frozenset(slot.type for slot in item.slots), _SEVERAL),
    "archived": (lambda _, item: item.status is ItemStatus.ARCHIVED, ("equals",)),
    "created_at": (lambda _, item: item.inserted_at, ("date_range",)),
    "updated_at": (lambda _, item: item.updated_at, ("date_range",)),
    "processing_status": (lambda _, item: frozenset({processing_status(item)}), _ONE),
    "workflow_status": (_workflow_status, _ONE),
    "workflow_stage": (_stage, _ONE),
}
