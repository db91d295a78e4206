"""Contract suites of `ports.media`: subclass `MediaProbeContract`, `FrameExtractorContract`, run pytest."""

from __future__ import annotations

import abc
import math
from pathlib import Path

import pytest

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

    def test_frames_that_are_there_are_kept(self, clip: tuple[Path, float, int], folder: Path) -> None:
        extractor = self.make_extractor()
        first = list(extractor.extract(clip[0], folder, None))
        (folder / first[1].name).unlink()
        second = list(extractor.extract(clip[0], folder, None))
        assert second[0] == first[0]
        assert [(frame.name, frame.size) for frame in second] == [(frame.name, frame.size) for frame in first]

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
