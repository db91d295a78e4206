"""Frames of slots whose release does not list them one by one (reference: V7 Darwin, section 7.5).

A long video comes as segments, with manifests that say which of their frames are visible. Any other is fetched whole
and cut here. Frames that an earlier pull brought, finished or not, are not made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath

import attrs

from ..domain.errors import DiskFull, GroundtruthError, InvalidDocument, MissingExtra, NotWritable
from ..domain.item import Slot
from ..domain.manifest import FrameManifest
from ..domain.placement import FRAME_PATTERN
from ..ports.media import ExtractedFrame, FrameExtractor
from ..ports.transfer import FetchRequest, ObjectTransfer
from .arrivals import Arrivals, origin_of
from .streams import closing


@attrs.frozen
class SegmentRequest(FetchRequest):
    """A segment to fetch: its number, and by position in it the numbers of the frames that are wanted."""

    number: int = 0
    visible: dict[int, int] = attrs.field(factory=dict[int, int], repr=False)


@attrs.frozen
class FrameCutter:
    """Makes frames of videos."""

    transfer: ObjectTransfer
    frames: FrameExtractor
    arrivals: Arrivals

    def __call__(self, folder: PurePosixPath, place: Path, slot: Slot) -> None:
        """Make the frames of a slot in `folder`, which is at `place`; note what cannot be had.

        Raises:
            DiskFull, NotWritable: no other frame could be written either.
            MissingExtra: no decoder is installed.
        """
        try:
            if slot.segments or slot.frame_manifests:
                self._join(folder, place, slot)
            else:
                self._cut(folder, place, slot)
        except (DiskFull, NotWritable, MissingExtra):
            raise
        except GroundtruthError as error:
            self.arrivals.lacks(folder, error, lasting=True)

    def _fetch(self, folder: PurePosixPath, requests: list[FetchRequest]) -> bool:
        """Fetch what is needed for a folder; False if it cannot be had now."""
        with closing(self.transfer.fetch(requests)) as outcomes:
            errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        for error in errors:
            self.arrivals.lacks(folder, error)
        return not errors

    # --- segments -----------------------------------------------------------------------------------

    def _join(self, folder: PurePosixPath, place: Path, slot: Slot) -> None:
        manifest = self._manifest(folder, slot)
        if manifest is None:
            return
        if manifest.segment_count > len(slot.segments):
            reason = f"names {manifest.segment_count} segments, and the release has {len(slot.segments)}"
            raise InvalidDocument("frame manifest", reason, source=str(folder))
        with closing(self.transfer.fetch(self._segments(folder, slot, manifest))) as outcomes:
            for outcome in outcomes:
                request = outcome.request
                assert isinstance(request, SegmentRequest)
                if outcome.error is not None:
                    self.arrivals.lacks(f"{folder}, segment {request.number}", outcome.error)
                    continue
                self._take_segment(folder, place, slot, request)

    def _manifest(self, folder: PurePosixPath, slot: Slot) -> FrameManifest | None:
        if not slot.frame_manifests:
            raise InvalidDocument("video", "has segments and no frame manifest", source=str(folder))
        staging = self.arrivals.staging
        requests = [
            FetchRequest(url, staging.scratch(f"{folder} manifest {number}"), f"{folder}, manifest {number}")
            for number, url in enumerate(slot.frame_manifests)
        ]
        if not self._fetch(folder, requests):
            return None
        manifest = FrameManifest()
        for request in requests:
            manifest.read(staging.lines(request.destination), request.key)
            staging.drop(request.destination)
        return manifest

    def _segments(self, folder: PurePosixPath, slot: Slot, manifest: FrameManifest) -> Iterator[SegmentRequest]:
        for number, (visible, segment) in enumerate(zip(manifest.segments(), slot.segments, strict=False)):
            wanted = {
                frame: index
                for frame, index in visible.items()
                if not self._is_here(folder, index, _segment_origin(segment.url, frame))
            }
            if wanted:
                place = self.arrivals.staging.scratch(f"{folder} segment {number}")
                key = f"{folder}, segment {number}"
                yield SegmentRequest(segment.url, place, key, number=number, visible=wanted)

    def _take_segment(self, folder: PurePosixPath, place: Path, slot: Slot, request: SegmentRequest) -> None:
        frame_of = {index: frame for frame, index in request.visible.items()}
        try:
            for made in self.frames.extract_segment(request.destination, place, request.visible):
                frame = frame_of[int(PurePosixPath(made.name).stem)]
                self._add(folder, made, _segment_origin(slot.segments[request.number].url, frame))
        except (DiskFull, NotWritable, MissingExtra):
            raise
        except GroundtruthError as error:
            self.arrivals.lacks(request.key, error, lasting=True)
        finally:
            self.arrivals.staging.drop(request.destination)

    # --- whole videos -------------------------------------------------------------------------------

    def _cut(self, folder: PurePosixPath, place: Path, slot: Slot) -> None:
        source = next(iter(slot.source_files), None)
        if source is None or source.url is None:
            raise InvalidDocument("video", "has no address in the release", source=str(folder))
        origin = f"{source.digest or origin_of(source.url)} at {slot.fps}"
        first = next(n for n in count() if not self._is_here(folder, n, f"{origin}#{n}"))
        if slot.frame_count is not None and 0 < slot.frame_count <= first:
            return
        video = self.arrivals.staging.scratch(str(folder))
        request = FetchRequest(source.url, video, str(folder), source.size, source.digest)
        if not self._fetch(folder, [request]):
            return
        for number, made in enumerate(self.frames.extract(video, place, slot.fps, first), first):
            self._add(folder, made, f"{origin}#{number}")
        self.arrivals.staging.drop(video)

    def _is_here(self, folder: PurePosixPath, number: int, origin: str) -> bool:
        return self.arrivals.is_here(folder / FRAME_PATTERN.format(number), origin)

    def _add(self, folder: PurePosixPath, made: ExtractedFrame, origin: str) -> None:
        target = folder / made.name
        self.arrivals.add(target, made.size, made.mtime_ns, made.digest, origin)
        self.arrivals.want(target)


def _segment_origin(url: str, frame: int) -> str:
    return f"{origin_of(url)}#{frame}"
