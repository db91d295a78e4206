"""Dataset: a named collection of items in a team."""

from __future__ import annotations

import attrs

from .names import check_slug
from .reference import DatasetReference


@attrs.frozen
class Dataset:
    """A dataset of a hub.

    `item_count` leaves archived items out; `progress` is the share of them that is complete, 0..1.
    `url` is where a person looks at it.
    """

    id: int
    name: str
    slug: str = attrs.field(validator=lambda _, __, value: check_slug(value, "dataset slug") and None)
    team: str
    item_count: int = 0
    progress: float = 0.0
    url: str = ""

    @property
    def reference(self) -> DatasetReference:
        """`team/slug`, without hub and release."""
        return DatasetReference(self.team, self.slug)
