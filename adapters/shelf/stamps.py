"""Times as the catalogue writes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...ports.clock import Clock

_NOW = timedelta(0)


def timestamp(clock: Clock, ago: timedelta = _NOW) -> str:
    """Present time, or one some time ago: RFC 3339, UTC, whole seconds. Later ones sort after earlier ones."""
    return (clock.now() - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """Time a timestamp stands for."""
    return datetime.fromisoformat(text)
