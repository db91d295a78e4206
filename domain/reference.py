"""Dataset references: `[hub:]team/dataset[:release]`, for example `example-team/test:0.1`."""

from __future__ import annotations

import attrs

from .errors import InvalidReference
from .names import SLUG

LATEST = "latest"
"""The release name that means: the newest complete release."""


@attrs.frozen
class DatasetReference:
    """Where a dataset is: hub (None: the chosen hub), team, dataset slug and release (None: not said)."""

    team: str
    dataset: str
    release: str | None = None
    hub: str | None = None

    def __str__(self) -> str:
        hub = f"{self.hub}:" if self.hub else ""
        release = f":{self.release}" if self.release else ""
        return f"{hub}{self.team}/{self.dataset}{release}"

    @property
    def identifier(self) -> str:
        """`team/dataset`, without hub and release."""
        return f"{self.team}/{self.dataset}"

    def at(self, release: str) -> DatasetReference:
        """The same dataset at another release."""
        return attrs.evolve(self, release=release)


def parse_reference(text: str, default_team: str | None = None) -> DatasetReference:
    """Parse `[hub:][team/]dataset[:release]`.

    A hub can only be told from a dataset when a team follows (`hub:team/dataset`); in `a:b` without a
    slash, `a` is the dataset and `b` the release.

    Raises:
        InvalidReference: not of that form, or the team is missing and `default_team` is None.
    """
    head, slash, tail = text.rpartition("/")
    hub, colon, team = head.rpartition(":")
    dataset, second, release = tail.partition(":")
    if (colon and not hub) or (slash and not team) or (second and not release):
        raise _malformed(text)
    parts = [dataset, *([hub] if colon else []), *([team] if slash else []), *([release] if second else [])]
    if not all(SLUG.fullmatch(part) and part not in {".", ".."} for part in parts):
        raise _malformed(text)
    chosen = team if slash else default_team
    if not chosen:
        raise InvalidReference(f"reference {text!r}", "names no team", "Write it as team/dataset")
    return DatasetReference(chosen, dataset, release or None, hub or None)


def _malformed(text: str) -> InvalidReference:
    return InvalidReference(
        f"reference {text!r}",
        "is not of the form [hub:]team/dataset[:release]",
        "Example: example-team/test:0.1",
    )
