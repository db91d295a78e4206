"""Ids, times and numbers as the catalogue writes them."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from ...ports.clock import Clock

_SPACE = uuid.UUID("6f1d7a52-3c0e-5f0b-9a57-0c8e0c6f4a11").bytes
"""Namespace of all ids that are derived: the same pushes give the same ids in every hub."""

_NOW = timedelta(0)

TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


def derived_id(*parts: object) -> str:
    """UUID (version 5) that is a function of its parts. Written out, as it is needed twice for every item."""
    text = hashlib.sha1(_SPACE + "\n".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def random_id() -> str:
    """UUID that never was before."""
    return str(uuid.uuid4())


def is_storable(value: object) -> bool:
    """False for whole numbers that take more than the 64 bits the catalogue has for them."""
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def timestamp(clock: Clock, ago: timedelta = _NOW) -> str:
    """Present time, or one some time ago: RFC 3339, UTC, whole seconds. Later ones sort after earlier ones."""
    return (clock.now() - ago).strftime(TIMESTAMP)


def parse_timestamp(text: str) -> datetime:
    """Time a timestamp stands for."""
    return datetime.fromisoformat(text)
