"""What may stand in the settings file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...domain.errors import InvalidInput

if TYPE_CHECKING:
    from cattrs import Converter


@attrs.frozen
class HubEntry:
    """`[hubs.<name>]`."""

    kind: str = "embedded"
    path: str | None = None
    url: str | None = None
    team: str | None = None
    compression: int | None = None


@attrs.frozen
class RetryEntry:
    """`[retry]`."""

    max_attempts: int | None = None
    initial_wait: float | None = None
    max_wait: float | None = None
    jitter: float | None = None


@attrs.frozen
class FileContent:
    """What the file says; None where it says nothing."""

    hub: str | None = None
    team: str | None = None
    datasets_dir: str | None = None
    workers: int | None = None
    timeout: int | None = None
    hubs: dict[str, HubEntry] = attrs.field(factory=dict[str, HubEntry])
    retry: RetryEntry = attrs.field(factory=RetryEntry)


class _Expected(Exception):
    """Says what a value should have been."""


def structured(raw: Mapping[str, Any], file: Path) -> FileContent:
    """The file's tables as a value.

    Raises:
        InvalidInput: a value has the wrong type; names the file, the key, and what is expected.
    """
    from cattrs import BaseValidationError, transform_error

    try:
        return _converter().structure(raw, FileContent)
    except BaseValidationError as error:
        # cattrs answers `<expected> @ $.hubs['lab'].kind`.
        expected, _, path = transform_error(error, format_exception=_expectation)[0].rpartition(" @ $")
        key = re.sub(r"\['?(.*?)'?\]", r".\1", path).strip(".")
        raise InvalidInput(
            f"settings file {file}",
            f"has a wrong value at '{key}': expected {expected}",
            "Correct or delete that key",
        ) from error


def unknown_keys(raw: Mapping[str, Any]) -> list[str]:
    """Dotted names of keys that are not part of the schema, in the order of the file."""
    found = [key for key in raw if key not in _names(FileContent)]
    for name, table in raw.get("hubs", {}).items():
        found += [f"hubs.{name}.{key}" for key in table if key not in _names(HubEntry)]
    return found + [f"retry.{key}" for key in raw.get("retry", {}) if key not in _names(RetryEntry)]


def _names(kind: type) -> set[str]:
    return {field.name for field in attrs.fields(kind)}


def _expectation(error: BaseException, _: object) -> str:
    # What is not said by a check of ours is a table that is none.
    return str(error) if isinstance(error, _Expected) else "a table"


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn

    converter = Converter()
    checks = (
        (str, lambda value: type(value) is str, "a text in quotes"),
        (int, lambda value: type(value) is int, "a whole number"),
        (float, lambda value: type(value) in {int, float} and math.isfinite(value), "a number"),
    )
    for kind, fits, expected in checks:
        converter.register_structure_hook(kind, _checked(fits, expected, lambda value, kind: kind(value)))
    for table in (HubEntry, RetryEntry):
        make = make_dict_structure_fn(table, converter)
        converter.register_structure_hook(table, _checked(lambda value: isinstance(value, dict), "a table", make))
    return converter


def _checked(fits: Any, expected: str, make: Any) -> Any:
    def structure(value: Any, kind: Any) -> Any:
        if not fits(value):
            raise _Expected(expected)
        return make(value, kind)

    return structure
