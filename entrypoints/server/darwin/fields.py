"""Reading values out of JSON that anybody may have sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ....domain.errors import InvalidInput

MAX_INTEGER = 2**63 - 1
"""Largest integer that catalogues hold."""


def mapping(value: Any, what: str = "the body") -> Mapping[str, Any]:
    """An object.

    Raises:
        InvalidInput: it is none, as every function here when it finds something else than it looks for.
    """
    if not isinstance(value, dict):
        raise InvalidInput(what, "must be an object")
    return value


def listed(source: Mapping[str, Any], name: str) -> Sequence[Any]:
    """A list that must be there."""
    value = source.get(name)
    if not isinstance(value, list):
        raise InvalidInput(name, "must be a list")
    return value


def mappings(source: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects that must be there."""
    return [mapping(value, f"{name}[{position}]") for position, value in enumerate(listed(source, name))]


def text(source: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Text; without a default it must be there and not be empty."""
    value = source.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (default is None and not value):
        raise InvalidInput(name, "must be a text")
    return value


def optional_text(source: Mapping[str, Any], name: str) -> str | None:
    """Text, or None."""
    return None if source.get(name) is None else text(source, name, "")


def integer(value: Any, what: str) -> int:
    """A whole number that a catalogue can hold, also as text."""
    if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INTEGER:
        raise InvalidInput(what, "must be a whole number")
    return value


def optional_integer(source: Mapping[str, Any], name: str) -> int | None:
    """A whole number of 0 or more, or None."""
    if source.get(name) is None:
        return None
    value = integer(source[name], name)
    if value < 0:
        raise InvalidInput(name, "must not be negative")
    return value


def number(source: Mapping[str, Any], name: str) -> float | None:
    """A finite number, or None."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise InvalidInput(name, "must be a number")
    return float(value)


def flag(source: Mapping[str, Any], name: str) -> bool:
    """True or false, also as text; false when it is missing."""
    value = source.get(name)
    if value in (None, "", "false", "False", False):
        return False
    if value in ("true", "True", True):
        return True
    raise InvalidInput(name, "must be true or false")


def frame_rate(source: Mapping[str, Any]) -> float | str:
    """Frames per second, `native`, or 0 for unset."""
    value = source.get("fps")
    if value is None:
        return 0
    if isinstance(value, str) and value != "native":
        try:
            value = float(value)
        except ValueError as error:
            raise InvalidInput("fps", "must be a number or 'native'") from error
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value) or value < 0:
        raise InvalidInput("fps", "must be a number of 0 or more, or 'native'")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def optional_mapping(source: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """An object, or None."""
    return None if source.get(name) is None else mapping(source[name], name)
