"""Contract suites of `ports.media`: subclass `MediaProbeContract`, `FrameExtractorContract`, run pytest."""

from __future__ import annotations

import abc
import hashlib
import math
from pathlib import Path

import pytest

from ..domain.digest import Digest
from ..domain.errors import IntegrityError
from ..ports.media import FrameExtractor, MediaInfo, MediaProbe


class MediaProbeContract(abc.ABC):
    """What every media probe does."""

    @abc.abstractmethod
    def make_probe(self) -> MediaProbe:
        """A new probe."""

    @abc.abstractmethod
    def image(self, folder: Path) -> Path:
        """An image of 31 x 17 pixels."""

    def test_the_size_of_an_image_is_read(self, tmp_path: Path) -> None:
        path = self.image(tmp_path)
        assert self.make_probe().probe(path, path.name) == MediaInfo(31, 17)

    def test_what_cannot_be_read_is_none(self, tmp_path: Path) -> None:
        probe = self.make_probe()
        image = self.image(tmp_path).read_bytes()
        for position, data in enumerate([b"", b"no image", image[:20], image[:8] + b"\xff" * 40]):
            for suffix in (".png", ".jpg", ".tif", ".mp4", ".dcm", ".pdf", ".nii.gz", ".xyz"):
                path = tmp_path / f"{position}{suffix}"
                path.write_bytes(data)
                assert probe.probe(path, path.name) == MediaInfo()

    def test_a_file_that_is_not_there_is_none(self, tmp_path: Path) -> None:
        probe = self.make_probe()
        assert probe.probe(tmp_path / "no.png", "no.png") == MediaInfo()
        assert probe.probe(tmp_path / "no.mp4", "no.mp4") == MediaInfo()


class FrameExtractorContract(abc.ABC):
    """What every frame extractor does."""

    @abc.abstractmethod
    def make_extractor(self) -> FrameExtractor:
        """A new extractor."""

    @abc.abstractmethod
    def video(self, folder: Path) -> tuple[Path, float, int]:
        """A short video, its frames per second, and how many frames it has (at least 4)."""

    @pytest.fixture
    def clip(self, tmp_path: Path) -> tuple[Path, float, int]:
        return self.video(tmp_path)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "frames"
        made.mkdir()
        return made

    @pytest.mark.parametrize("factor", [None, 2.0, 1.0, 0.5, 0.4, 0.1])
    def test_visible_frames_are_numbered_from_zero(
        self, clip: tuple[Path, float, int], folder: Path, factor: float | None
    ) -> None:
        video, native, count = clip
        fps = None if factor is None else native * factor
        frames = list(self.make_extractor().extract(video, folder, fps))
        step = round(max(native / fps, 1.0), 4) if fps else 1.0
        expected = sum(1 for position in range(count) if math.floor(position * step) < count)
        assert [frame.name for frame in frames] == [f"{number:07d}.png" for number in range(expected)]
        assert sorted(path.name for path in folder.iterdir()) == [frame.name for frame in frames]
        for frame in frames:
            status = (folder / frame.name).stat()
            assert (frame.size, frame.mtime_ns) == (status.st_size, status.st_mtime_ns)

    def test_frames_that_are_there_are_replaced(self, clip: tuple[Path, float, int], folder: Path) -> None:
        extractor = self.make_extractor()
        first = list(extractor.extract(clip[0], folder, None))
        (folder / first[1].name).write_bytes(b"of another video")
        second = list(extractor.extract(clip[0], folder, None))
        assert [(frame.name, frame.size) for frame in second] == [(frame.name, frame.size) for frame in first]
        assert (folder / first[1].name).stat().st_size == first[1].size

    def test_frames_are_written_from_the_first_asked_for(self, clip: tuple[Path, float, int], folder: Path) -> None:
        extractor = self.make_extractor()
        every = list(extractor.extract(clip[0], folder, None))
        kept = (folder / every[0].name).stat()
        rest = list(extractor.extract(clip[0], folder, None, 2))
        assert [frame.name for frame in rest] == [frame.name for frame in every[2:]]
        assert (folder / every[0].name).stat().st_mtime_ns == kept.st_mtime_ns
        assert list(extractor.extract(clip[0], folder, None, clip[2])) == []

    def test_frames_are_described(self, clip: tuple[Path, float, int], folder: Path) -> None:
        for frame in self.make_extractor().extract(clip[0], folder, None):
            data = (folder / frame.name).read_bytes()
            status = (folder / frame.name).stat()
            assert (frame.size, frame.mtime_ns) == (len(data), status.st_mtime_ns)
            assert frame.digest in {None, Digest(hashlib.sha256(data).hexdigest())}

    # --- segments -----------------------------------------------------------------------------------

    def test_visible_frames_of_a_segment_get_their_numbers(self, clip: tuple[Path, float, int], folder: Path) -> None:
        extractor = self.make_extractor()
        apart = folder / "apart"
        apart.mkdir()
        every = [(apart / frame.name).read_bytes() for frame in extractor.extract(clip[0], apart, None)]
        frames = list(extractor.extract_segment(clip[0], folder, {0: 7, 3: 5, 1: 8}))
        written = {path.name: path.read_bytes() for path in folder.glob("*.png")}
        assert written == {"0000007.png": every[0], "0000005.png": every[3], "0000008.png": every[1]}
        assert sorted(frame.name for frame in frames) == sorted(written)

    def test_a_segment_that_ends_too_early_is_told(self, clip: tuple[Path, float, int], folder: Path) -> None:
        with pytest.raises(IntegrityError):
            list(self.make_extractor().extract_segment(clip[0], folder, {0: 0, clip[2]: 1}))
        assert [path.name for path in folder.iterdir()] == ["0000000.png"]

    # --- packed grey --------------------------------------------------------------------------------

    @abc.abstractmethod
    def packed(self, folder: Path) -> Path:
        """A picture whose 16-bit grey values are packed in red and green."""

    def test_packed_grey_is_unpacked_in_place_once(self, folder: Path) -> None:
        path = self.packed(folder)
        before = path.read_bytes()
        frame = self.make_extractor().unpack_grey(path)
        after = path.read_bytes()
        assert after != before
        assert (frame.name, frame.size, frame.mtime_ns) == (path.name, len(after), path.stat().st_mtime_ns)
        assert self.make_extractor().unpack_grey(path) == frame
        assert path.read_bytes() == after

    def test_what_is_no_picture_cannot_be_unpacked(self, folder: Path) -> None:
        path = folder / "a.png"
        path.write_bytes(b"no picture")
        with pytest.raises(IntegrityError):
            self.make_extractor().unpack_grey(path)
        assert path.read_bytes() == b"no picture"

    def test_stopping_early_leaves_whole_frames(self, clip: tuple[Path, float, int], folder: Path) -> None:
        frames = iter(self.make_extractor().extract(clip[0], folder, None))
        first = next(frames)
        close = getattr(frames, "close", None)
        if close is not None:
            close()
        assert (folder / first.name).stat().st_size == first.size

    @pytest.mark.parametrize("data", [b"", b"this is not a video" * 100])
    def test_what_is_no_video_is_an_integrity_error(self, tmp_path: Path, folder: Path, data: bytes) -> None:
        path = tmp_path / "broken.mp4"
        path.write_bytes(data)
        with pytest.raises(IntegrityError) as caught:
            list(self.make_extractor().extract(path, folder, None))
        assert str(path) in str(caught.value)
        assert list(folder.iterdir()) == []
