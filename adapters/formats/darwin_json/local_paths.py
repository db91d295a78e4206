"""Saying in a document where its source files are on this machine (reference: V7 Darwin, section 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from .reader import as_utf8


class _Slot(Struct, frozen=True, gc=False):
    source_files: Raw = Raw(b"")


class _Item(Struct, frozen=True, gc=False):
    slots: list[_Slot] | None = None


class _Document(Struct, frozen=True, gc=False):
    item: _Item = _Item()


_decode = msgspec.json.Decoder(_Document).decode
_decode_files = msgspec.json.Decoder(list[dict[str, Any]] | None).decode
_encode = msgspec.json.Encoder().encode


def add_local_paths(data: bytes, paths: Mapping[str, str]) -> bytes:
    """The document with `local_path` set on each source file whose URL is in `paths`.

    Only the lists of source files are written anew, so that this costs little however large the document is.
    """
    try:
        document = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return add_local_paths(as_utf8(data, error, ""), paths)
    pieces: list[bytes] = []
    end = 0
    for slot in document.item.slots or ():
        listed = bytes(slot.source_files)
        files = _decode_files(listed) if listed else None
        chosen = [file for file in files or () if file.get("url") in paths]
        if not chosen:
            continue
        for file in chosen:
            file["local_path"] = paths[file["url"]]
        # Slots stand in the document in this order, and no text inside a string looks like a list of objects.
        start = data.index(listed, end)
        pieces += (data[end:start], _encode(files))
        end = start + len(listed)
    return b"".join((*pieces, data[end:])) if pieces else data
