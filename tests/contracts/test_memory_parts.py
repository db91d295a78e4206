from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from groundtruth.adapters.memory import (
    MemoryCredentials,
    MemoryFiles,
    MemoryFrameExtractor,
    MemoryPictures,
    MemoryProbe,
    MemoryVideos,
    fake_image,
    fake_video,
)
from groundtruth.testing.credentials import CredentialsContract
from groundtruth.testing.files import WritableFilesContract
from groundtruth.testing.media import FrameExtractorContract, MediaProbeContract
from groundtruth.testing.pictures import PictureReaderContract, VideoReaderContract


class TestMemoryCredentials(CredentialsContract):
    def make_store(self, folder: Path) -> MemoryCredentials:
        return MemoryCredentials()


class TestMemoryFiles(WritableFilesContract):
    def make_files(self) -> MemoryFiles:
        return MemoryFiles()

    def plant(self, files: MemoryFiles, root: Path, tree: Mapping[str, bytes]) -> None:
        files.tree.update({root / name: data for name, data in tree.items()})


class TestMemoryProbe(MediaProbeContract):
    def make_probe(self) -> MemoryProbe:
        return MemoryProbe()

    def image(self, folder: Path) -> Path:
        path = folder / "image.png"
        path.write_bytes(fake_image(31, 17))
        return path


class TestMemoryFrameExtractor(FrameExtractorContract):
    def make_extractor(self) -> MemoryFrameExtractor:
        return MemoryFrameExtractor()

    def video(self, folder: Path) -> tuple[Path, float, int]:
        path = folder / "clip.mp4"
        path.write_bytes(fake_video(64, 48, 12, 10.0))
        return path, 10.0, 12

    def packed(self, folder: Path) -> Path:
        path = folder / "0000000.png"
        path.write_bytes(fake_image(4, 3, "packed grey"))
        return path


class TestMemoryPictures(PictureReaderContract):
    def make_reader(self) -> MemoryPictures:
        return MemoryPictures()

    def image(self, folder: Path, number: int = 0) -> Path:
        path = folder / f"{number}.png"
        path.write_bytes(fake_image(31, 17, str(number)))
        return path


class TestMemoryVideos(VideoReaderContract):
    def make_reader(self) -> MemoryVideos:
        return MemoryVideos()

    def video(self, folder: Path) -> tuple[Path, float, int]:
        path = folder / "clip.mp4"
        path.write_bytes(fake_video(64, 48, 12, 10.0))
        return path, 10.0, 12
