"""Which part of an answer is asked for (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """True if the client says it has the content with this tag already."""
    tags = headers.get("if-none-match", "")
    return tags.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]


def asked_range(headers: Mapping[str, str], etag: str) -> tuple[int | None, int | None] | None:
    """First and last byte asked for; no first: the last so many. None: everything is to be sent.

    That is so without a range, with several, and when the content the client has a part of is not this one.
    """
    if headers.get("if-range", etag) != etag:
        return None
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or found[1] == found[2] == "":
        return None
    first, last = (int(number) if number else None for number in found.groups())
    return None if first is not None and last is not None and last < first else (first, last)


def within(asked: tuple[int | None, int | None], size: int) -> range | None:
    """Positions of the bytes to send of content of a size; None if it has no such bytes."""
    first, last = asked
    if first is None:
        span = range(max(0, size - (last or 0)), size)
    else:
        span = range(first, size if last is None else min(last + 1, size))
    return span or None
