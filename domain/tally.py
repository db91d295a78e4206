"""Counting annotators' work (reference: V7 Darwin, section 4.8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .annotation import AnyAnnotation, Author
from .dataset import Dataset
from .item import ItemStatus
from .report import REPORT_COLUMNS, Grouping, ReportQuery, ReportRow

_Key = tuple[str, str, str, int, str, str, str]
"""Day; email and name of the actor; id, name and slug of the dataset; stage. Empty where not grouped by it."""

_NOBODY = (Author("", ""),)


class Tally:
    """Adds up signed annotations. Grows with days, annotators, datasets and stages, not with items."""

    def __init__(self, query: ReportQuery) -> None:
        self._groups = frozenset(query.group_by)
        self._annotations: Counter[_Key] = Counter()
        self._items: Counter[_Key] = Counter()

    def add(
        self, dataset: Dataset, status: ItemStatus, updated_at: str, annotations: Iterable[AnyAnnotation]
    ) -> None:
        """Count the annotations of one item that say who made them."""
        found: Counter[_Key] = Counter()
        for annotation in annotations:
            if annotation.annotators:
                by_author = Grouping.ANNOTATORS in self._groups
                for author in dict.fromkeys(annotation.annotators) if by_author else _NOBODY:
                    found[self._key(dataset, status, updated_at, author)] += 1
        self._annotations.update(found)
        self._items.update(found.keys())

    def rows(self) -> Iterator[ReportRow]:
        """Rows of the report, by day and actor."""
        for key in sorted(self._annotations):
            day, email, full_name, dataset_id, name, slug, stage = key
            known = {
                "timestamp": f"{day}T00:00:00Z",
                "dataset_id": str(dataset_id) if dataset_id else "",
                "dataset_name": name,
                "dataset_slug": slug,
                "current_stage_name": stage,
                "actor_type": "annotator" if email or full_name else "",
                "actor_email": email,
                "actor_full_name": full_name,
                "total_annotations": str(self._annotations[key]),
                "total_items_annotated": str(self._items[key]),
            }
            yield {column: known.get(column, "") for column in REPORT_COLUMNS}

    def _key(self, dataset: Dataset, status: ItemStatus, updated_at: str, author: Author) -> _Key:
        by_dataset = Grouping.DATASETS in self._groups
        dataset_id, name, slug = (dataset.id, dataset.name, dataset.slug) if by_dataset else (0, "", "")
        stage = status.value if Grouping.STAGES in self._groups else ""
        return updated_at[:10], author.email, author.full_name, dataset_id, name, slug, stage
