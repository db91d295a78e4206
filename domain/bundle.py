"""Several small objects in one body: frames, one after the other, each with a number, a label and its bytes.

A frame is `>HHQ` (status as of HTTP, bytes of the label, bytes of the content), the label in UTF-8, the content. What
the label says is up to who bundles: the media type of a file that is given out, the id of an upload that is sent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import attrs

from .errors import IntegrityError, InvalidInput

_HEAD = struct.Struct(">HHQ")

GIVEN = 200
"""Status of a frame that holds what was asked for."""

MAX_OBJECT = 256 * 1024
"""Bytes of an object; a larger one is sent by itself."""

MAX_OBJECTS = 64
"""Objects of a bundle."""

MAX_LABEL = 4096
"""Bytes of a label."""

MAX_CONTENT = 3 * 1024 * 1024
"""Bytes of all objects of a bundle together."""

MAX_BUNDLE = 4 * 1024 * 1024
"""Bytes of a whole bundle, labels included."""


@attrs.frozen
class Frame:
    """One object of a bundle; without its bytes if its status is not `GIVEN`."""

    status: int
    label: str = ""
    content: bytes | memoryview = attrs.field(default=b"", repr=False)


def pack_frames(frames: Iterable[Frame]) -> bytes:
    """The body that holds these frames.

    Raises:
        InvalidInput: a label is too long, or cannot be written.
    """
    pieces: list[bytes | memoryview] = []
    for frame in frames:
        label = label_bytes(frame.label)
        pieces += (_HEAD.pack(frame.status, len(label), len(frame.content)), label, frame.content)
    return b"".join(pieces)


def label_bytes(label: str) -> bytes:
    """A label as it is written.

    Raises:
        InvalidInput: it is too long, or cannot be written.
    """
    try:
        written = label.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"label {label[:40]!r}", "is not text that can be sent") from error
    if len(written) > MAX_LABEL:
        raise InvalidInput(f"label {label[:40]!r}…", f"is longer than {MAX_LABEL} bytes")
    return written


def unpack_frames(body: bytes) -> Iterator[Frame]:
    """The frames of a body; their contents are views of it, not copies.

    Raises:
        IntegrityError: the body ends in the middle of a frame, or a label is too long, or not UTF-8. Frames before
            that were given.
    """
    view = memoryview(body)
    position, end = 0, len(body)
    while position < end:
        if end - position < _HEAD.size:
            raise IntegrityError("a bundle of files", "ends in the middle of a frame")
        status, label_size, size = _HEAD.unpack_from(body, position)
        first = position + _HEAD.size
        start, position = first + label_size, first + label_size + size
        if label_size > MAX_LABEL:
            raise IntegrityError("a bundle of files", f"has a label of more than {MAX_LABEL} bytes")
        if position > end:
            raise IntegrityError("a bundle of files", "ends in the middle of a frame")
        try:
            label = str(view[first:start], "utf-8")
        except UnicodeDecodeError as error:
            raise IntegrityError("a bundle of files", "has a label that is not UTF-8") from error
        yield Frame(status, label, view[start:position])
