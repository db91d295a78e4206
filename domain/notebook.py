"""How values look in a notebook: small tables of what they hold already. Nothing is computed, read or fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

__all__ = ["html_facts", "html_table"]

MOST_ROWS = 100
"""Rows of a table that are shown; how many more there are is told."""


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as HTML; every text is escaped."""
    remaining = iter(rows)
    shown = "".join(_row("td", row) for row in islice(remaining, MOST_ROWS))
    more = sum(1 for _ in remaining)
    note = f"<tfoot>{_row('td', [f'and {more} more'])}</tfoot>" if more else ""
    head = f"<thead>{_row('th', columns)}</thead>" if columns else ""
    return f"<table><caption>{escape(caption)}</caption>{head}<tbody>{shown}</tbody>{note}</table>"


def html_facts(caption: str, facts: Iterable[tuple[str, object]]) -> str:
    """Names with values as HTML, those without value left out."""
    return html_table(caption, (), ((name, value) for name, value in facts if value is not None and value != ""))


def _row(cell: str, values: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(_text(value))}</{cell}>' for value in values)}</tr>"


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
