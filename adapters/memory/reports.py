"""Reports of the fake hub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs

from ...domain.report import ReportQuery, ReportRow
from ...domain.tally import Tally
from .records import HubPart


@attrs.define
class MemoryReports(HubPart):
    """`ReportDesk` in memory."""

    def annotator_report(self, team: str, query: ReportQuery) -> Iterator[ReportRow]:
        """Rows of the report, by day and actor."""
        self.state.faults.check("annotator_report", team, query)
        tally = Tally(query)
        with self.state.lock:
            for owner in self.state.datasets.values():
                if owner.team != team or (query.dataset_ids and owner.id not in query.dataset_ids):
                    continue
                for item in owner.items.values():
                    if query.start <= datetime.fromisoformat(item.updated_at) <= query.stop:
                        tally.add(owner.as_dataset(), item.shown_status, item.updated_at, item.annotations)
        return tally.rows()
