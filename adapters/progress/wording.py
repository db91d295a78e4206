"""How numbers and events are worded."""

from __future__ import annotations

import math
from typing import TextIO

from ...ports.progress import Retrying, Warned


def printable(text: str) -> str:
    """Text without line breaks and terminal commands: names come from hubs and disks, and may hold anything."""
    return "".join(character if character.isprintable() else "?" for character in text)


def encodable(text: str, stream: TextIO) -> str:
    """Text that the stream can write: what its encoding lacks becomes an escape."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def size(count: float) -> str:
    """Bytes, as `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds, as `12 s`, `3 min 20 s` or `2 h 05 min`."""
    if not math.isfinite(seconds):
        return "unknown time"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def retry_line(event: Retrying) -> str:
    """What failed, why, and how long until the next try."""
    key, reason = printable(event.key), printable(event.reason)
    return f"retrying {key} in {event.wait:.1f} s: {reason} (attempt {event.attempt})"


def warning_line(event: Warned) -> str:
    """A warning."""
    return f"warning: {printable(event.message)}"
