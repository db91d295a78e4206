"""Check that a pulled release still is what was pulled."""

from __future__ import annotations

import attrs

from ..domain.errors import ReleaseNotFound
from ..domain.reference import LATEST, DatasetReference
from ..ports.library import FileFault, LocalLibrary, LocalRelease, PullProblem


@attrs.frozen
class VerifyReport:
    """Result of verifying: the release, files that differ, and what was never there."""

    release: LocalRelease
    faults: tuple[FileFault, ...]

    @property
    def problems(self) -> tuple[PullProblem, ...]:
        """What the pull itself could not get."""
        return self.release.problems

    @property
    def is_clean(self) -> bool:
        """True if every file is as it was pulled and nothing lacks."""
        return not self.faults and not self.problems


@attrs.frozen
class VerifyRelease:
    """Read every file of a pulled release and compare it with its digest."""

    library: LocalLibrary

    def __call__(self, reference: DatasetReference) -> VerifyReport:
        """Verify the release the reference names (`latest` when it names none).

        Raises:
            ReleaseNotFound: it was not pulled to this machine.
        """
        release = find_local(self.library, reference)
        return VerifyReport(release, tuple(self.library.verify(release)))


def find_local(library: LocalLibrary, reference: DatasetReference) -> LocalRelease:
    """The pulled release a reference names.

    Raises:
        ReleaseNotFound: it was not pulled to this machine.
    """
    release = library.release(reference)
    if release is None:
        raise ReleaseNotFound(
            "release",
            reference.release or LATEST,
            f"the local copy of {reference.identifier}",
            f"Pull it first: groundtruth dataset pull {reference}",
        )
    return release
