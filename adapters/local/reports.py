"""Reports of the embedded hub: what its annotations say of who made them."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ...domain.item import ItemStatus
from ...domain.report import ReportQuery, ReportRow
from ...domain.tally import Tally
from ...ports.documents import DocumentCodec
from .catalogue import Catalogue, batches
from .datasets import Datasets
from .listing import STATUS
from .packing import Packed, unpack
from .stamps import TIMESTAMP

PAGE = 500

# CROSS JOIN has SQLite go through the annotations in their order, from where the last page ended.
_SIGNED = f"""
SELECT annotations.item, items.id, items.dataset, {STATUS}, items.updated_at,
    annotations.digest, annotations.size, annotations.body
FROM annotations CROSS JOIN items ON items.seq = annotations.item
WHERE annotations.item > :after AND annotations.signed AND items.updated_at BETWEEN :start AND :stop
    AND +items.dataset IN (SELECT value FROM json_each(:datasets))
ORDER BY annotations.item LIMIT {PAGE}
"""


class Reports:
    """Implements `ports.reports.ReportDesk`."""

    def __init__(self, catalogue: Catalogue, datasets: Datasets, codec: DocumentCodec) -> None:
        self._catalogue = catalogue
        self._datasets = datasets
        self._codec = codec

    def annotator_report(self, team: str, query: ReportQuery) -> Iterator[ReportRow]:
        """Rows of the report, counted when the first is asked for."""
        wanted = set(query.dataset_ids)
        datasets = {one.id: one for one in self._datasets.list_datasets(team) if not wanted or one.id in wanted}
        tally = Tally(query)
        window = {
            # Items were changed at whole seconds.
            "start": _text(query.start + timedelta(microseconds=999_999)),
            "stop": _text(query.stop),
            "datasets": json.dumps(list(datasets)),
        }
        for page in self._pages(window):
            for _, item_id, dataset, status, updated_at, *packed in page:
                what = f"annotations of item '{item_id}'"
                document = self._codec.read(unpack(Packed(*packed), what), what)
                tally.add(datasets[dataset], ItemStatus(status), updated_at, document.annotations)
        yield from tally.rows()

    def _pages(self, window: dict[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
        after = -1
        while True:
            with self._catalogue.reading() as connection:
                rows = connection.execute(_SIGNED, {**window, "after": after})
                page = next(batches(rows, PAGE, lambda row: row[6]), None)
            if page is None:
                return
            after = page[-1][0]
            yield page


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(TIMESTAMP)
