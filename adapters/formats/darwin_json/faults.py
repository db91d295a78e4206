"""What the decoder complains about, as InvalidDocument: file, JSON path, and what was expected there."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ....domain.errors import InvalidDocument
from . import wire

WHAT = "annotation document"
ADVICE = "Correct the document, or export it again"

_PLACE = re.compile(r"(?P<reason>.*) - at (?:`key` in )?`(?P<place>\$.*)`", re.DOTALL)
_ABSENT = re.compile(r"Object missing required field `(.+)`")
_BYTE = re.compile(r"(?P<reason>.*) \(byte (?P<byte>\d+)\)", re.DOTALL)
_SOME_FRAME = re.compile(r"\$\.annotations\[(\d+)\]\.frames\[\.\.\.\].*", re.DOTALL)


def reason_and_place(error: msgspec.ValidationError) -> tuple[str, str]:
    """What is wrong, and the JSON path where."""
    text = str(error)
    match = _PLACE.fullmatch(text)
    reason, place = (match["reason"], match["place"]) if match else (text, "$")
    absent = _ABSENT.fullmatch(reason)
    return (f"has no '{absent[1]}'" if absent else reason[:1].lower() + reason[1:]), place


def invalid(error: msgspec.ValidationError, source: str, what: str = WHAT) -> InvalidDocument:
    """A value is missing or of a wrong type."""
    reason, place = reason_and_place(error)
    return InvalidDocument(what, reason, ADVICE, source, place)


def invalid_annotations(error: msgspec.ValidationError, source: str, tree: Any) -> InvalidDocument:
    """As `invalid`; the decoder does not tell in which frame it was, so that is looked up in `tree`."""
    fault = invalid(error, source)
    if match := _SOME_FRAME.fullmatch(fault.location):
        position = int(match[1])
        for index, frame in tree["annotations"][position]["frames"].items():
            try:
                msgspec.convert(frame, wire.Frame, str_keys=True)
            except msgspec.ValidationError as inner:
                reason, place = reason_and_place(inner)
                location = f'$.annotations[{position}].frames["{index}"]{place[1:]}'
                return InvalidDocument(WHAT, reason, ADVICE, source, location)
    return fault


def not_json(error: Exception, data: bytes, source: str, what: str = WHAT) -> InvalidDocument:
    """The bytes are not JSON: say at which line, column and byte."""
    if isinstance(error, RecursionError):
        return InvalidDocument(what, "is nested too deeply", ADVICE, source)
    reason, position = "it ends too early", len(data)
    if isinstance(error, UnicodeDecodeError):
        reason, position = "not UTF-8", _undecodable(data)
    elif match := _BYTE.fullmatch(str(error)):
        reason, position = match["reason"].removeprefix("JSON is malformed: "), int(match["byte"])
    line = data.count(b"\n", 0, position) + 1
    column = position - data.rfind(b"\n", 0, position)
    where = f"line {line}, column {column} (byte {position})"
    return InvalidDocument(what, f"is not JSON: {reason} at {where}", ADVICE, source)


def _undecodable(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)
