"""Reading: bytes to a validated document.

The usual document is decoded once, straight into the wire types: those of most documents first, else those of
all. One that the wire types refuse is decoded again without types: older spellings are rewritten, what is
unknown is set aside, and the rest has to pass the same wire types, so that every way accepts the same values
and names the same faults.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from ....domain.errors import InvalidDocument
from . import faults, wire
from .extras import split_document
from .lazy import lazy_document
from .legacy import modernise
from .version1 import is_version1, original_location, to_version2

if TYPE_CHECKING:
    from ....domain.document import AnnotationDocument

_decode_common = msgspec.json.Decoder(wire.CommonDocument).decode
_decode_untyped = msgspec.json.Decoder().decode

_USUAL_VERSIONS = frozenset({"2.0", "1.0"})
_VERSION = re.compile(r"\d+\.\d+.*", re.DOTALL)


def read_document(data: bytes, source: str = "") -> AnnotationDocument:
    """Read Darwin JSON 2.0 or 1.0; everything is validated when it returns.

    Raises:
        InvalidDocument: with `source`, the JSON path, and what was expected there.
    """
    document: wire.AnyDocument | None
    try:
        document = _decode_common(data)
    except msgspec.ValidationError:
        document = _decode_any(data)
        if document is None:
            return _read_lossless(data, source)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return read_document(as_utf8(data, error, source), source)
    if document.version not in _USUAL_VERSIONS:
        _check_version(document.version, source)
    return lazy_document(document)


@cache
def _decoder() -> msgspec.json.Decoder[wire.Document]:
    # Made when the first document needs it: making it takes as long as reading a hundred usual documents.
    return msgspec.json.Decoder(wire.Document)


def _decode_any(data: bytes) -> wire.Document | None:
    try:
        return _decoder().decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # the lossless path says what is wrong


def _read_lossless(data: bytes, source: str) -> AnnotationDocument:
    tree = decode_untyped(data, source, faults.WHAT)
    if is_version1(tree):
        try:
            return _read_tree(to_version2(tree), source)
        except InvalidDocument as fault:
            raise attrs.evolve(fault, location=original_location(fault.location)) from fault
    return _read_tree(tree, source)


def _read_tree(tree: Any, source: str) -> AnnotationDocument:
    modernise(tree)
    extras = split_document(tree)
    try:
        document = msgspec.convert(tree, wire.Document, str_keys=True)
    except msgspec.ValidationError as error:
        raise faults.invalid_annotations(error, source, tree) from error
    _check_version(document.version, source)
    return lazy_document(document, extras)


def decode_untyped(data: bytes, source: str, what: str) -> Any:
    """Decode JSON to plain values.

    Raises:
        InvalidDocument: not JSON, or a number that does not fit.
    """
    try:
        return _decode_untyped(data)
    except msgspec.ValidationError as error:
        raise faults.invalid(error, source, what) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise faults.not_json(error, data, source, what) from error


def as_utf8(data: bytes, error: Exception, source: str) -> bytes:
    """The same JSON in UTF-8, when it was in UTF-16 or UTF-32 or had a byte order mark.

    Raises:
        InvalidDocument: it is no JSON in any of them.
    """
    encoding = json.detect_encoding(data)
    if encoding == "utf-8":
        raise faults.not_json(error, data, source) from error
    try:
        return data.decode(encoding).encode()
    except UnicodeError:
        raise faults.not_json(error, data, source) from error


def _check_version(version: str, source: str) -> None:
    if not _VERSION.fullmatch(version):
        reason = f"{version!r} is not a version such as 2.0"
        raise InvalidDocument(faults.WHAT, reason, faults.ADVICE, source, "$.version")
