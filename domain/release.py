"""Release: an immutable export of a dataset's annotations."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from .digest import Digest
from .errors import InvalidName
from .item import ItemStatus
from .names import SLUG
from .reference import LATEST, DatasetReference


class ReleaseStatus(enum.StrEnum):
    """How far the hub is with making the release."""

    PENDING = "pending"
    COMPLETE = "complete"
    FAILED = "failed"


def check_release_name(value: str) -> str:
    """Return `value` if it can name a release.

    Raises:
        InvalidName: not a slug, or `latest`, which is kept for the newest release.
    """
    if not SLUG.fullmatch(value) or value in {".", "..", LATEST} or len(value) > 100:
        raise InvalidName(
            f"release name {value!r}",
            "is not valid",
            "Use letters, digits, '_', '.' and '-', at most 100 of them, and not 'latest'",
        )
    return value


@attrs.frozen
class Release:
    """A release as a hub lists it.

    `digest` identifies its whole content (None: the hub does not say); counts are None while it is pending.
    `class_names` are those of the annotations in it, sorted, where the hub tells. `created_at` is timezone-aware.
    `url_token`: it was made with `ExportOptions.include_url_token`; False where the hub does not tell.
    """

    name: str
    team: str
    dataset: str
    status: ReleaseStatus
    created_at: datetime
    latest: bool = False
    item_count: int | None = None
    class_count: int | None = None
    digest: Digest | None = None
    format: str = "darwin_json_2"
    class_names: tuple[str, ...] = ()
    url_token: bool = False

    @property
    def reference(self) -> DatasetReference:
        """`team/dataset:name`."""
        return DatasetReference(self.team, self.dataset, self.name)


@attrs.frozen
class ExportOptions:
    """What goes into a release (reference: V7 Darwin, section 6.1).

    `class_ids` empty: annotations of every class. `statuses`: which items; None leaves the choice to the
    hub (the embedded hub then takes every item that is not archived).
    """

    class_ids: tuple[int, ...] = ()
    include_authorship: bool = False
    include_url_token: bool = False
    statuses: tuple[ItemStatus, ...] | None = None
    format: str | None = None


def newest(releases: list[Release]) -> Release | None:
    """The complete release marked latest, else the newest complete one, else None."""
    complete = [release for release in releases if release.status is ReleaseStatus.COMPLETE]
    marked = [release for release in complete if release.latest]
    return max(marked or complete, key=lambda release: release.created_at, default=None)
