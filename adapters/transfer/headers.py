"""What HTTP headers say that matter for resuming and waiting (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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
    modified, answered = _date(headers.get("last-modified")), _date(headers.get("date"))
    if modified is None or answered is None or (answered - modified).total_seconds() < CLOCK_TICKS:
        return None
    return headers["last-modified"].strip()


def is_validator(text: str) -> bool:
    """True if `text` is something that `validator_of` returns."""
    return bool(_STRONG.fullmatch(text)) or (text.isascii() and text.isprintable() and _date(text) is not None)


def content_range(value: str | None) -> tuple[int | None, int | None, int | None]:
    """First byte, last byte and size of `Content-Range`; None for what it does not say (section 14.4)."""
    found = _RANGE.fullmatch((value or "").strip())
    if found is None:
        return None, None, None
    first, last, size = (int(part) if part and part.isdigit() else None for part in found.groups())
    return first, last, size


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks to wait, given as a number or as a date; None if it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    date = _date(text)
    return None if date is None else max((date - now).total_seconds(), 0.0)


def _date(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value.strip())
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
