"""Make and list releases."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..domain.errors import Conflict, InvalidInput, ReleaseNotFound, ReleasePending
from ..domain.reference import LATEST, DatasetReference
from ..domain.release import ExportOptions, Release, ReleaseStatus, check_release_name, newest
from ..ports.clock import Clock
from ..ports.datasets import DatasetCatalogue
from ..ports.progress import Progress, Warned
from ..ports.releases import ReleaseDesk


@attrs.frozen
class ExportRelease:
    """Freeze a dataset's annotations as a release."""

    datasets: DatasetCatalogue
    releases: ReleaseDesk

    def __call__(self, reference: DatasetReference, name: str, options: ExportOptions | None = None) -> Release:
        """Make the release `name`.

        Raises:
            NameTaken: it exists; releases never change.
            NothingToExport: no item matches.
        """
        check_release_name(name)
        dataset = self.datasets.get_dataset(reference)
        return self.releases.create_release(dataset, name, options or ExportOptions())


@attrs.frozen
class ListReleases:
    """List the releases of a dataset."""

    datasets: DatasetCatalogue
    releases: ReleaseDesk

    def __call__(self, reference: DatasetReference) -> Sequence[Release]:
        """Releases, newest first."""
        return self.releases.list_releases(self.datasets.get_dataset(reference))


@attrs.frozen
class Waiting:
    """How long to wait for a release in progress, in seconds. `timeout` 0: not at all."""

    timeout: float = 0.0
    interval: float = 10.0

    def __attrs_post_init__(self) -> None:
        if not (self.timeout >= 0 and self.interval > 0):
            raise InvalidInput("waiting for a release", "needs a timeout of 0 s or more and an interval above 0 s")


@attrs.frozen
class FindRelease:
    """Find the release a reference names, waiting for it to be made when asked to."""

    releases: ReleaseDesk
    datasets: DatasetCatalogue
    clock: Clock
    progress: Progress

    def __call__(self, reference: DatasetReference, waiting: Waiting) -> Release:
        """The release named; `latest` or none means the newest complete one.

        Raises:
            ReleaseNotFound: no such release, or none at all.
            ReleasePending: it is still being made after waiting.
            Conflict: making it failed on the hub.
        """
        dataset = self.datasets.get_dataset(reference)
        deadline = self.clock.monotonic() + waiting.timeout
        while True:
            release = self._look_up(reference, list(self.releases.list_releases(dataset)), waiting)
            if release.status is ReleaseStatus.COMPLETE:
                return release
            name = f"release {release.reference}"
            if release.status is ReleaseStatus.FAILED:
                raise Conflict(name, "failed on the hub", "Export it again under another name")
            left = deadline - self.clock.monotonic()
            if left <= 0:
                raise ReleasePending(name, "is still being made", "Pull with --retry to wait for it")
            pause = min(waiting.interval, left)
            self.progress.report(Warned(f"{name} is still being made; looking again in {pause:g} s"))
            self.clock.sleep(pause)

    def _look_up(self, reference: DatasetReference, releases: list[Release], waiting: Waiting) -> Release:
        if reference.release not in {None, LATEST}:
            found = next((release for release in releases if release.name == reference.release), None)
        elif waiting.timeout > 0:
            coming = [release for release in releases if release.status is not ReleaseStatus.FAILED]
            found = max(coming, key=lambda release: release.created_at, default=None)
        else:
            found = newest(releases)
        if found is None:
            known = ", ".join(_described(release) for release in releases[:5])
            raise ReleaseNotFound(
                "release",
                reference.release or LATEST,
                reference.identifier,
                f"It has: {known}"
                if known
                else f"Make one with: groundtruth dataset export {reference.identifier} 1.0",
            )
        return found


def _described(release: Release) -> str:
    """Its name, and its status where that is why it cannot be pulled."""
    return release.name if release.status is ReleaseStatus.COMPLETE else f"{release.name} ({release.status.value})"
