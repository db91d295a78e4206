"""Progress as JSON, one object per line."""

from __future__ import annotations

import json
import threading
from typing import TextIO

import attrs

from ...ports.progress import Event


class JsonLinesProgress:
    """Writes each event as `{"event": "advanced", ...}` with the event's fields; ASCII, one line each."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def report(self, event: Event) -> None:
        """Take note of an event."""
        fields = {"event": type(event).__name__.lower(), **attrs.asdict(event, recurse=False)}
        line = json.dumps(fields, separators=(",", ":"), default=str)
        with self._lock:
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                # The reader is gone, or the stream is closed or full. The work that is reported on is worth more.
                pass

    def close(self) -> None:
        """Nothing to end: every line is whole."""
