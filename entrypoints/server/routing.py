"""From method and path to what answers: a tree of path segments, so that the number of routes costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar
from urllib.parse import unquote

import attrs

from .refusals import Refused, unknown

T = TypeVar("T")


@attrs.frozen
class Entry(Generic[T]):
    """What answers, and the names of the path's parameters in order."""

    target: T
    names: tuple[str, ...]


@attrs.define
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = attrs.field(factory=dict)
    parameter: _Node[T] | None = None
    entries: dict[str, Entry[T]] = attrs.field(factory=dict)


class Router(Generic[T]):
    """Finds targets by method and path. Literal segments come before parameters."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, method: str, path: str, target: T) -> None:
        """Attach a target to a path such as `teams/{team}/storage`.

        Raises:
            ValueError: the place is taken.
        """
        node = self._root
        names: list[str] = []
        for segment in path.split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        if method in node.entries:
            raise ValueError(f"two routes for {method} {path}")
        node.entries[method] = Entry(target, tuple(names))

    def find(self, method: str, segments: Sequence[str]) -> tuple[T, dict[str, str]]:
        """The target, and the parameters decoded. `segments` are as they came in the request.

        Raises:
            Refused: 404 without such a path, 405 when it takes other methods, 400 for what is not UTF-8.
        """
        allowed: set[str] = set()
        values: list[str] = []
        entry = _find(self._root, method, segments, 0, values, allowed)
        if entry is not None:
            return entry.target, dict(zip(entry.names, map(_decoded, values), strict=True))
        if allowed:
            allow = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
            errors = {"detail": f"this address takes {allow}"}
            raise Refused(405, errors, ((b"allow", allow.encode()),))
        raise unknown()


def _find(
    node: _Node[T], method: str, segments: Sequence[str], position: int, values: list[str], allowed: set[str]
) -> Entry[T] | None:
    if position == len(segments):
        allowed.update(node.entries)
        return node.entries.get(method)
    segment = segments[position]
    child = node.literals.get(segment)
    if child is not None:
        entry = _find(child, method, segments, position + 1, values, allowed)
        if entry is not None:
            return entry
    if node.parameter is not None and segment:
        values.append(segment)
        entry = _find(node.parameter, method, segments, position + 1, values, allowed)
        if entry is not None:
            return entry
        values.pop()
    return None


def _decoded(segment: str) -> str:
    if "%" not in segment:
        return segment
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise Refused(400, {"detail": "the path is not UTF-8"}) from error
