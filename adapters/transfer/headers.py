"""What HTTP headers say that matter for resuming (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...domain.web import http_date

CLOCK_TICKS = 60.0
"""Seconds that an object must be older than the answer for its date to tell two versions apart (section 8.8.2.2)."""

_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


def validator_of(headers: Mapping[str, str]) -> str | None:
    """Strong ETag, or a Last-Modified that is as good as one; None if the object cannot be resumed safely.

    `headers` by name in lower case.
    """
    etag = headers.get("etag", "").strip()
    if etag:
        return etag if _STRONG.fullmatch(etag) else None
    modified, answered = http_date(headers.get("last-modified")), http_date(headers.get("date"))
    if modified is None or answered is None or (answered - modified).total_seconds() < CLOCK_TICKS:
        return None
    return headers["last-modified"].strip()


def is_validator(text: str) -> bool:
    """True if `text` is something that `validator_of` returns."""
    return bool(_STRONG.fullmatch(text)) or (text.isascii() and text.isprintable() and http_date(text) is not None)


def content_range(value: str | None) -> tuple[int | None, int | None, int | None]:
    """First byte, last byte and size of `Content-Range`; None for what it does not say (section 14.4)."""
    found = _RANGE.fullmatch((value or "").strip())
    if found is None:
        return None, None, None
    first, last, size = (int(part) if part and part.isdigit() else None for part in found.groups())
    return first, last, size
