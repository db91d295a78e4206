"""Printing: tables, messages, JSON and errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import attrs

from ...domain.errors import GroundtruthError

GAP = "     "


@attrs.frozen
class Output:
    """Where results go: text for people, or one JSON document (or JSON lines) and nothing else."""

    as_json: bool = False
    quiet: bool = False

    def say(self, text: str) -> None:
        """Print a line for people."""
        if not self.as_json:
            print(text)

    def note(self, text: str) -> None:
        """Print a line on stderr: something the user should know, even with --json."""
        print(text, file=sys.stderr)

    def result(self, value: Any) -> None:
        """Print the JSON document of the command, if JSON was asked for."""
        if self.as_json:
            # Where the stream cannot carry all of Unicode, JSON's own escapes stay valid JSON.
            is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
            print(json.dumps(plain(value), ensure_ascii=not is_utf8))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table: first column to the left, the others to the right."""
        if self.as_json:
            return
        lines = [tuple(columns), *(tuple(map(printable, row)) for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
        for line in lines:
            first, *others = (
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            print(GAP.join([first, *others]).rstrip())


def confirm(question: str, ask: Callable[[str], str] = input) -> bool:
    """Ask a yes/no question; only `y` or `yes` is yes. Without anyone to answer, no."""
    try:
        return ask(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        print(file=sys.stderr)
        return False


def answer(question: str, default: str, ask: Callable[[str], str] = input) -> str:
    """Ask for a value; nothing, or nobody to answer, means the default."""
    try:
        return ask(f"{question} [{default}]: ").strip() or default
    except EOFError:
        print(file=sys.stderr)
        return default


def report_error(error: GroundtruthError, as_json: bool = False) -> None:
    """Print an error on stderr: one line, plus the remedy."""
    if as_json:
        body = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
        print(json.dumps(body, ensure_ascii=False), file=sys.stderr)
        return
    print(f"error: {printable(error.message)}", file=sys.stderr)
    if error.remedy:
        print(f"  {printable(error.remedy)}", file=sys.stderr)


def printable(text: str) -> str:
    """Text that cannot break a line or move the cursor: control characters are escaped, lone surrogates replaced."""
    safe = text.encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in safe)


def plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if attrs.has(type(value)):
        return {field.name: plain(getattr(value, field.name)) for field in attrs.fields(type(value)) if field.repr}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value).encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int | float | bool) or value is None:
        return value
    return str(value)


def file_size(size: int) -> str:
    """A size in bytes as people read it, `159.2 GB`."""
    import humanize

    return humanize.naturalsize(size)


def day(moment: datetime) -> str:
    """A day as people read it, `yesterday`, in local time."""
    import humanize

    return humanize.naturalday(moment.astimezone().replace(tzinfo=None), format="%b %d %Y")


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
