"""What addresses and headers of the web mean, whoever asked (RFC 3986, RFC 9110)."""

from __future__ import annotations

import re
from datetime import UTC, datetime


def public(url: str) -> str:
    """The address without what may be secret: password, query, fragment."""
    head = re.split("[?#]", url, maxsplit=1)[0]
    scheme, _, rest = head.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if head else ""


def http_date(value: str | None) -> datetime | None:
    """The moment that a date in a header tells, timezone-aware; None if it tells none (section 5.6.7)."""
    from email.utils import parsedate_to_datetime

    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value.strip())
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks to wait, given as a number or as a date; None if it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    date = http_date(text)
    return None if date is None else max((date - now).total_seconds(), 0.0)
