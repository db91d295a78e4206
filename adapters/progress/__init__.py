"""Showing progress: as bars on a terminal, as lines in a log, as JSON for programs, or not at all."""

from __future__ import annotations

import os
from typing import TextIO

from .bars import BarProgress
from .json_lines import JsonLinesProgress
from .log import LogProgress
from .null import NullProgress, OnlyTrouble

__all__ = ["BarProgress", "JsonLinesProgress", "LogProgress", "NullProgress", "OnlyTrouble", "progress_for"]

AnyProgress = BarProgress | JsonLinesProgress | LogProgress | NullProgress


def progress_for(stream: TextIO, quiet: bool = False, json: bool = False, verbose: int = 0) -> AnyProgress:
    """Progress that suits a stream: `quiet` nothing, `json` JSON lines, on a terminal bars, else plain lines.

    With `verbose`, plain lines on a terminal as well: bars would be torn by the log written between them.
    """
    if quiet:
        return NullProgress()
    if json:
        return JsonLinesProgress(stream)
    if verbose or not _can_draw(stream) or os.environ.get("TERM") == "dumb":
        return LogProgress(stream)
    return BarProgress(stream)


def _can_draw(stream: TextIO) -> bool:
    """True for a terminal with room for a bar; some recorders and consoles of CI services claim a size of 0."""
    try:
        return stream.isatty() and min(os.get_terminal_size(stream.fileno())) > 0
    except (ValueError, OSError):  # closed, or without a descriptor: what is reported to it goes nowhere
        return False
