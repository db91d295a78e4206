"""Contract suites of `ports.pictures`: subclass `PictureReaderContract`, `VideoReaderContract`, run pytest."""

from __future__ import annotations

import abc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ..domain.errors import IntegrityError, NotReadable
from ..ports.pictures import PictureReader, VideoReader


class PictureReaderContract(abc.ABC):
    """What every picture reader does."""

    @abc.abstractmethod
    def make_reader(self) -> PictureReader:
        """A new reader."""

    @abc.abstractmethod
    def image(self, folder: Path, number: int = 0) -> Path:
        """An image of 31 x 17 pixels; those of different numbers differ."""

    def test_pixels_are_red_green_and_blue(self, tmp_path: Path) -> None:
        reader, path = self.make_reader(), self.image(tmp_path)
        pixels = reader.read(path)
        assert (pixels.shape, pixels.dtype) == ((17, 31, 3), np.uint8)
        assert reader.size(path) == (31, 17)
        assert np.array_equal(pixels, reader.read(path))

    def test_what_was_read_belongs_to_the_caller(self, tmp_path: Path) -> None:
        reader, path = self.make_reader(), self.image(tmp_path)
        pixels = reader.read(path)
        pixels[:] = 7
        assert not np.array_equal(pixels, reader.read(path))

    def test_threads_may_share_a_reader(self, tmp_path: Path) -> None:
        reader = self.make_reader()
        paths = [self.image(tmp_path, number) for number in range(8)]
        alone = [reader.read(path) for path in paths]
        with ThreadPoolExecutor(4) as pool:
            for one, other in zip(alone * 3, pool.map(reader.read, paths * 3), strict=True):
                assert np.array_equal(one, other)

    def test_what_cannot_be_read_is_told_apart(self, tmp_path: Path) -> None:
        reader = self.make_reader()
        with pytest.raises(NotReadable):
            reader.read(tmp_path / "no.png")
        with pytest.raises(NotReadable):
            reader.size(tmp_path / "no.png")
        for number, data in enumerate([b"", b"no image", self.image(tmp_path).read_bytes()[:20]]):
            path = tmp_path / f"bad{number}.png"
            path.write_bytes(data)
            with pytest.raises(IntegrityError, match=path.name):
                reader.read(path)


class VideoReaderContract(abc.ABC):
    """What every video reader does."""

    @abc.abstractmethod
    def make_reader(self) -> VideoReader:
        """A new reader."""

    @abc.abstractmethod
    def video(self, folder: Path) -> tuple[Path, float, int]:
        """A short video, its frames per second, and how many frames it has (at least 4)."""

    def test_frames_come_in_order(self, tmp_path: Path) -> None:
        path, fps, count = self.video(tmp_path)
        frames = list(self.make_reader().frames(path, None))
        assert len(frames) == len(list(self.make_reader().frames(path, fps))) == count
        assert {(frame.dtype.name, frame.ndim, frame.shape[-1]) for frame in frames} == {("uint8", 3, 3)}
        assert not np.array_equal(frames[0], frames[-1])

    def test_lower_rates_leave_frames_out(self, tmp_path: Path) -> None:
        path, fps, count = self.video(tmp_path)
        frames = list(self.make_reader().frames(path, None))
        half = list(self.make_reader().frames(path, fps / 2))
        assert len(half) == (count + 1) // 2
        for one, other in zip(half, frames[::2], strict=True):
            assert np.array_equal(one, other)

    def test_reading_may_end_early(self, tmp_path: Path) -> None:
        path, _, _ = self.video(tmp_path)
        frames = self.make_reader().frames(path, None)
        next(frames)
        frames.close()  # type: ignore[attr-defined]
        path.unlink()

    def test_what_is_no_video_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "bad.mp4"
        path.write_bytes(b"no video")
        with pytest.raises(IntegrityError, match=r"bad\.mp4"):
            list(self.make_reader().frames(path, None))
        with pytest.raises(NotReadable):
            list(self.make_reader().frames(tmp_path / "no.mp4", None))
