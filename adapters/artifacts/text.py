"""JSON as bytes, strict both ways: NaN and infinity are no JSON (reference: Polaris, section 3)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from ...domain.errors import InvalidDocument, InvalidInput
from ...ports.artifacts import DocumentStyle, Json


def encode(document: Mapping[str, Any], style: DocumentStyle) -> bytes:
    """Write a document; see `ports.artifacts.JsonText`."""
    try:
        if style is DocumentStyle.DISK:
            return json.dumps(document, allow_nan=False).encode()
        return json.dumps(document, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        where = _not_finite(document, "$")
        reason = f"holds NaN or infinity at {where}" if where else f"cannot be written as JSON: {error}"
        raise InvalidInput("document", reason, "Leave the value out, or give a number") from error


def _not_finite(value: Any, location: str) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else location
    parts: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        parts = [(f"{location}.{key}", part) for key, part in cast("Mapping[Any, Any]", value).items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{location}[{i}]", part) for i, part in enumerate(cast("list[Any]", value))]
    return next((found for where, part in parts if (found := _not_finite(part, where))), None)


def decode(data: bytes, source: str = "") -> Json:
    """Read a JSON object; see `ports.artifacts.JsonText`."""
    try:
        document = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument("document", f"is no JSON: {error}", "Fetch or write it again", source) from error
    if not isinstance(document, dict):
        raise InvalidDocument("document", f"is a JSON {type(document).__name__}, not an object", source=source)
    return cast("Json", document)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}")
