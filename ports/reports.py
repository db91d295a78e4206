"""Reports on annotators' work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ..domain.report import ReportQuery, ReportRow


class ReportDesk(Protocol):
    """Makes reports."""

    def annotator_report(self, team: str, query: ReportQuery) -> Iterator[ReportRow]:
        """Rows of the report, by time and actor; lazy. Waits while the hub is making it.

        Raises:
            Conflict: the hub failed to make it.
            Unavailable: it is not ready after two hours.
        """
        ...
