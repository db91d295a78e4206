"""Releases of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import attrs

from ..domain.dataset import Dataset
from ..domain.release import ExportOptions, Release


@attrs.frozen
class ReleaseDocument:
    """One document of a release as it is: a name that is unique in the release, and its bytes."""

    name: str
    data: bytes = attrs.field(repr=False)


class ReleaseDesk(Protocol):
    """Make releases and read them."""

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        """All releases, newest first, pending and failed ones included."""
        ...

    def create_release(self, dataset: Dataset, name: str, options: ExportOptions) -> Release:
        """Freeze the dataset's annotations under a name. Atomic; the release never changes afterwards.

        A hub may answer with a pending release that becomes complete later.

        Raises:
            NameTaken: the dataset has a release of that name.
            NothingToExport: no item matches.
            InvalidName: not a release name.
        """
        ...

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        """The annotation documents (Darwin JSON), one per item, always in the same order; lazy, flat memory.

        Raises:
            ReleaseNotFound: no such release.
            ReleasePending: it is not complete.
            IntegrityError: a document is damaged; raised when it is reached.
        """
        ...

    def metadata(self, release: Release) -> bytes | None:
        """The release's `.v7/metadata.json`, or None when it has none."""
        ...
