"""What the wire types do not know: split off when reading, put back when writing.

An extra is a JSON path and the value found there: an unknown key, or a null where the type has none.
"""

from __future__ import annotations

import copy
import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from ....domain.item import JsonPath
from . import wire

Found = list[tuple[JsonPath, Any]]
Splitter = Callable[[Any], Found]
"""Takes what is unknown out of a decoded value, in place; paths are relative to that value."""

Extras = Mapping[JsonPath, Mapping[JsonPath, Any]]
"""Extras of a whole document: path of the value that keeps them -> path relative to it -> value."""

NO_EXTRAS: Extras = {}

Tree = dict[str, Any]
"""JSON of a document or of a part of it, about to be encoded."""

_MAY_BE_EMPTY = frozenset({"source_info", "dataset", "team", "text", "instance_id"})
"""Objects the writer leaves out when the domain has nothing to say in them. Others are never made up: what
belonged to a shape or a frame goes when that goes."""


def split_document(tree: Any) -> Extras:
    """Take out of a decoded document whatever `wire.Document` would refuse as unknown or null."""
    extras: dict[JsonPath, dict[JsonPath, Any]] = {}
    for path, value in splitter(wire.Document)(tree):
        depth = _keeper_depth(path)
        extras.setdefault(path[:depth], {})[path[depth:]] = value
    return extras


def _keeper_depth(path: JsonPath) -> int:
    """Length of the path of the nearest value above that has room for extras in the domain."""
    match path:
        case ("item", "slots", int(), "source_files", int(), _, *_):
            return 5
        case ("annotations", int(), "properties", int(), _, *_):
            return 4
        case ("item", "slots", int(), _, *_):
            return 3
        case ("annotations" | "properties", int(), _, *_):
            return 2
        case ("item", _, *_):
            return 1
        case _:
            return 0


def put_back(tree: Tree, extra: Mapping[JsonPath, Any]) -> None:
    """Write extras into a tree about to be encoded; what the tree says already is not overruled."""
    for path in sorted(extra, key=lambda path: tuple(map(str, path))):
        node = _parent(tree, path)
        key, value = path[-1], extra[path]
        if isinstance(node, dict) and (key not in node or (value is None and _is_default(node[key]))):
            node[key] = copy.deepcopy(value) if isinstance(value, dict | list) else value


def _parent(tree: Tree, path: JsonPath) -> Any:
    """Container of the path's last step, or None if it is gone (a frame that was removed, say)."""
    node: Any = tree
    for step in path[:-1]:
        if isinstance(node, list):
            node = node[step] if isinstance(step, int) and step < len(node) else None
        elif isinstance(node, dict):
            node = node.setdefault(step, {}) if step in _MAY_BE_EMPTY else node.get(step)
        else:
            return None
    return node


def _is_default(value: Any) -> bool:
    """True for what the writer says where a document said nothing."""
    return value is None or value is False or value in ([], {}, "global", "1.0")


# --- splitters, made from the wire types ------------------------------------------------------------


@functools.cache
def splitter(cls: type[msgspec.Struct]) -> Splitter:
    """Make the splitter of a wire type."""
    hints = typing.get_type_hints(cls)
    fields = msgspec.structs.fields(cls)
    known = frozenset(field.encode_name for field in fields)
    droppable = frozenset(
        field.encode_name
        for field in fields
        if not field.required and type(None) not in typing.get_args(hints[field.name])
    )
    nested = {field.encode_name: inner for field in fields if (inner := _of_type(hints[field.name]))}

    def split(value: Any) -> Found:
        if type(value) is not dict:
            return []
        found: Found = []
        if not value.keys() <= known or (droppable and None in value.values()):
            names = [name for name in value if name not in known or (value[name] is None and name in droppable)]
            found = [((name,), value.pop(name)) for name in names]
        if nested:
            for name, member in value.items():
                if name in nested and (inner := nested[name](member)):
                    found += _below(name, inner)
        return found

    return split


def _of_type(hint: Any) -> Splitter | None:
    """Splitter of a field's type; None where nothing unknown can be."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return splitter(hint)
    if origin in {typing.Union, types.UnionType}:
        return next(filter(None, map(_of_type, args)), None)
    if origin is list and (each := _of_type(args[0])):
        return lambda value: _from_members(each, enumerate(value)) if type(value) is list else []
    if origin is dict and (each := _of_type(args[1])):
        return lambda value: _from_members(each, value.items()) if type(value) is dict else []
    return None


def _from_members(split: Splitter, members: Iterable[tuple[Any, Any]]) -> Found:
    found: Found = []
    for step, member in members:
        if inner := split(member):
            found += _below(step, inner)
    return found


def _below(step: str | int, found: Found) -> Found:
    return [((step, *path), value) for path, value in found]
