"""The annotations and property values that a hub says an item has (reference: V7 Darwin, E26 and E27)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ...domain.annotation import AnyAnnotation
from ...domain.document import ItemPropertyValue
from ...domain.errors import InvalidDocument
from ...ports.documents import DocumentCodec
from .vocabulary import KnownProperty, UnknownId, Vocabulary
from .wire import decode

_WHAT = "the hub's answer"


def read_present(
    raw: Any, state: Any, words: Vocabulary, codec: DocumentCodec, source: str
) -> tuple[tuple[AnyAnnotation, ...], tuple[ItemPropertyValue, ...]]:
    """Read annotations, in Darwin JSON or in the import form, and the values of item properties.

    Raises:
        UnknownId: an id that the vocabulary does not have.
        InvalidDocument: the answers are not as they should be.
    """
    elements = raw.get("annotations") if isinstance(raw, dict) else raw
    if not isinstance(elements, list):
        raise InvalidDocument(_WHAT, "expected a list of annotations", "", source)
    if all(isinstance(one, dict) and "data" in one for one in elements):
        annotations, _ = decode({"annotations": elements}, words, codec, source)
    else:
        document = {"version": "2.0", "item": {"name": "item", "path": "/"}, "annotations": elements}
        annotations = tuple(codec.read(msgspec.json.encode(document), source).annotations)
    return annotations, tuple(_values(state, words, source))


def _values(state: Any, words: Vocabulary, source: str) -> Iterator[ItemPropertyValue]:
    properties = state.get("properties") if isinstance(state, dict) else None
    if not isinstance(properties, list):
        raise InvalidDocument(_WHAT, "expected a list", "", source, "$.properties")
    for position, one in enumerate(properties):
        at = f"$.properties[{position}]"
        entries = one.get("values") if isinstance(one, dict) else None
        if entries is None:
            continue
        known = words.property_with(str(one.get("id")))
        if known is None:
            raise UnknownId(_WHAT, f"no property has the id '{one.get('id')}'", "", source, f"{at}.id")
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            value = _value(entry, known, source, f"{at}.values[{number}]")
            yield ItemPropertyValue(known.definition.name, value)


def _value(entry: Any, known: KnownProperty, source: str, at: str) -> str:
    """A value: its id, or an object with its id or text."""
    said = entry if isinstance(entry, dict) else {"text" if known.is_text else "id": entry}
    value = said.get("text") if known.is_text else known.values.get(str(said.get("id")))
    value = said.get("value") if value is None else value
    if not isinstance(value, str):
        raise UnknownId(_WHAT, f"is no value of property '{known.definition.name}'", "", source, at)
    return value
