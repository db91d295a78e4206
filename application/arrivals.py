"""Media of a pull: what is here already, what has to be fetched, what arrived, and what lacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeVar

import attrs

from ..domain.digest import Digest
from ..domain.errors import GroundtruthError
from ..domain.placement import PlacedFile
from ..ports.library import PlaceTaken, PullProblem, ReleaseStaging
from ..ports.progress import Advanced, Progress, Warned
from ..ports.transfer import FetchRequest
from .targets import Targets

T = TypeVar("T")

TASK = "pull"

_NOWHERE = PurePosixPath()
_TOKEN = re.compile(r"(?<=[?&])token=[^&#]*&?")


@attrs.frozen
class MediaRequest(FetchRequest):
    """A media file to fetch. `origin` says where it is from, in words that stay the same from release to release.

    `packed`: it is a picture whose grey values are packed in two channels. `part`: it is one of several files that
    the hub named in place of the one asked for.
    """

    target: PurePosixPath = _NOWHERE
    origin: str = attrs.field(default="", repr=False)
    packed: bool = False
    part: bool = False


@attrs.define
class Arrivals:
    """The media of one run. `lasting` is what asking again would not change, `missing` what may come another time.

    `force`: what earlier pulls recorded is not trusted. `keeps_wanted`: remember every target.
    """

    staging: ReleaseStaging
    targets: Targets
    progress: Progress
    force: bool = False
    keeps_wanted: bool = False
    fetched: int = 0
    present: int = 0
    size: int = 0
    lasting: list[PullProblem] = attrs.field(factory=list[PullProblem])
    missing: list[PullProblem] = attrs.field(factory=list[PullProblem])
    wanted: list[PurePosixPath] = attrs.field(factory=list[PurePosixPath])

    # --- places -------------------------------------------------------------------------------------

    def prepare(self, owner: str, placed: PlacedFile, url: str) -> tuple[PurePosixPath, MediaRequest | None]:
        """Place of a file, and the request that fetches it unless it is there.

        Raises:
            PlaceTaken, InvalidName: there is no place for it.
        """
        return self._placed(owner, placed.target, lambda free: self.request(free, url, placed.size, placed.digest))

    def prepare_folder(self, owner: str, wanted: PurePosixPath, first: str) -> tuple[PurePosixPath, Path]:
        """Place of a folder of frames, the first of which is called `first`, and where to write them.

        Raises:
            PlaceTaken, InvalidName: there is no place for it.
        """
        return self._placed(owner, wanted, lambda free: self.staging.claim(free / first).parent)

    def _placed(
        self, owner: str, wanted: PurePosixPath, claim: Callable[[PurePosixPath], T]
    ) -> tuple[PurePosixPath, T]:
        """A place that neither another item nor something on the disk takes, and what claiming it gave."""
        free, by = self.targets.free(wanted), "another item"
        while True:
            try:
                claimed = claim(free)
                break
            except PlaceTaken as error:
                self.targets.block(error.place, error.is_file)
                refused, free, by = free, self.targets.free(wanted), "what is there"
                if free == refused:
                    raise
        if free != wanted:
            self.progress.report(Warned(f"{owner}: images/{wanted} is taken by {by}; stored as images/{free}"))
        return free, claimed

    def request(
        self,
        target: PurePosixPath,
        url: str,
        size: int | None = None,
        digest: Digest | None = None,
        packed: bool = False,
        part: bool = False,
    ) -> MediaRequest | None:
        """The request that fetches a file to its place; None if it is there.

        Raises:
            PlaceTaken, InvalidName: it cannot be put there.
        """
        origin = origin_of(url) if digest is None else str(digest)
        if packed:
            origin += "#grey"
        if self.is_here(target, origin):
            self.progress.report(Advanced(TASK))
            return None
        place = self.staging.claim(target, size, digest)
        self.want(target)
        # Without a digest only the size could vouch for a file that is there; --force does not trust it.
        trusted = None if self.force and digest is None else size
        return MediaRequest(url, place, str(target), trusted, digest, target, origin, packed, part)

    def is_here(self, target: PurePosixPath, origin: str) -> bool:
        """True if an earlier pull brought the file; it is recorded as present then."""
        known = None if self.force else self.staging.known(target, origin)
        if known is None:
            return False
        self.add(target, known.size, known.mtime_ns, known.digest, origin, fetched=False)
        self.want(target)
        return True

    def want(self, target: PurePosixPath) -> None:
        """Remember that the release names this file."""
        if self.keeps_wanted:
            self.wanted.append(target)

    # --- recording ----------------------------------------------------------------------------------

    def add(
        self,
        target: PurePosixPath,
        size: int,
        mtime_ns: int,
        digest: Digest | None,
        origin: str,
        fetched: bool = True,
    ) -> None:
        """Record a file that is at its place now, or was before."""
        if fetched:
            self.fetched += 1
            self.size += size
        else:
            self.present += 1
        told = digest is not None and origin == str(digest)
        self.staging.add_file(target, size, mtime_ns, digest, None if told else origin)

    def lacks(self, name: PurePosixPath | str, error: GroundtruthError | str, lasting: bool = False) -> None:
        """Note that something could not be had."""
        (self.lasting if lasting else self.missing).append(PullProblem(str(name), str(error)))


def origin_of(url: str) -> str:
    """The address without the token that each release gives anew."""
    return _TOKEN.sub("", url).rstrip("?&") if "token=" in url else url
