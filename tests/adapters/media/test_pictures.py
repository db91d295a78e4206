"""Pixels of still images, whatever they are stored as."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from groundtruth.adapters.media import PillowPictures
from groundtruth.domain.errors import IntegrityError, UnsupportedFile
from groundtruth.ports.pictures import PictureReader
from groundtruth.testing.pictures import PictureReaderContract


class TestPillowPictures(PictureReaderContract):
    def make_reader(self) -> PictureReader:
        return PillowPictures()

    def image(self, folder: Path, number: int = 0) -> Path:
        path = folder / f"{number}.png"
        Image.new("RGB", (31, 17), (number, 90, 200)).save(path)
        return path


def saved(path: Path, image: Image.Image, **options: object) -> np.ndarray:
    image.save(path, **options)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = PillowPictures().read(path)
    height, width, _ = pixels.shape
    assert PillowPictures().size(path) == (width, height)
    return pixels


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(tmp_path: Path, orientation: int) -> None:
    as_stored = np.arange(6, dtype=np.uint8).reshape(2, 3)[..., None].repeat(3, axis=2) * 40
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = saved(tmp_path / "a.png", Image.fromarray(as_stored), exif=exif)
    turned = {
        1: as_stored, 2: as_stored[:, ::-1], 3: as_stored[::-1, ::-1], 4: as_stored[::-1],
        5: as_stored.swapaxes(0, 1), 6: np.rot90(as_stored, -1), 7: as_stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(as_stored),
    }  # fmt: skip
    assert np.array_equal(shown, turned[orientation])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_sizes_are_read_without_decoding(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.effect_noise((200, 100), 90).save(path)
    path.write_bytes(path.read_bytes()[:-5000])
    assert PillowPictures().size(path) == (200, 100)
    with pytest.raises(IntegrityError, match=r"a\.png"):
        PillowPictures().read(path)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("behind", [False, True])
def test_exif_may_stand_anywhere_in_a_png(tmp_path: Path, raw: bool, behind: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = exif.tobytes()
    listed = chunk(b"eXIf", data.removeprefix(b"Exif\0\0"))
    if raw:
        text = f"\nexif\n{len(data):8}\n{data.hex()}\n".encode()
        listed = chunk(b"tEXt", b"Raw profile type exif\0" + text)
    path = tmp_path / "a.png"
    Image.new("RGB", (31, 17)).save(path)
    stored = path.read_bytes()
    at = stored.index(b"IEND" if behind else b"IDAT") - 4
    path.write_bytes(stored[:at] + listed + stored[at:])
    assert PillowPictures().read(path).shape == (31, 17, 3)
    assert PillowPictures().size(path) == (17, 31)


def test_16_bits_keep_their_upper_half(tmp_path: Path) -> None:
    wide = np.array([[0, 255, 256, 511], [4095, 32768, 65279, 65535]], dtype=np.uint16)
    pixels = saved(tmp_path / "a.png", Image.fromarray(wide))
    assert np.array_equal(pixels, (wide >> 8).astype(np.uint8)[..., None].repeat(3, axis=2))
    assert np.array_equal(saved(tmp_path / "a.tif", Image.fromarray(wide)), pixels)


def test_32_bits_are_cut_at_16(tmp_path: Path) -> None:
    wide = np.array([[-5, 256, 1 << 20]], dtype=np.int32)
    assert saved(tmp_path / "a.tif", Image.fromarray(wide))[0, :, 0].tolist() == [0, 1, 255]


def test_floating_point_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "a.tif")
    for read in (PillowPictures().read, PillowPictures().size):
        with pytest.raises(UnsupportedFile, match=r"a\.tif"):
            read(tmp_path / "a.tif")


def test_grey_black_and_white_and_palettes_become_colours(tmp_path: Path) -> None:
    assert saved(tmp_path / "l.png", Image.new("L", (2, 1), 9)).tolist() == [[[9] * 3] * 2]
    assert saved(tmp_path / "1.png", Image.new("1", (2, 1), 1)).tolist() == [[[255] * 3] * 2]
    palette = Image.new("P", (2, 1))
    palette.putpalette([1, 2, 3, 4, 5, 6])
    palette.putdata([0, 1])
    assert saved(tmp_path / "p.png", palette).tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert saved(tmp_path / "t.png", palette, transparency=bytes([0, 128])).tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert saved(tmp_path / "c.tif", Image.new("CMYK", (1, 1), (255, 0, 0, 0))).tolist() == [[[0, 255, 255]]]


def test_transparency_is_dropped_and_colours_stay(tmp_path: Path) -> None:
    assert saved(tmp_path / "a.png", Image.new("RGBA", (1, 1), (10, 20, 30, 0))).tolist() == [[[10, 20, 30]]]
    assert saved(tmp_path / "b.png", Image.new("LA", (1, 1), (10, 7))).tolist() == [[[10, 10, 10]]]


def test_of_several_frames_the_first_counts(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (2, 2), (255, 0, 0)), Image.new("RGB", (2, 2), (0, 255, 0))
    pixels = saved(tmp_path / "a.tif", first, save_all=True, append_images=[second])
    assert pixels[0, 0].tolist() == [255, 0, 0]


def test_too_many_pixels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (60, 60)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(UnsupportedFile, match="more pixels"):
        PillowPictures().read(tmp_path / "a.png")


@given(st.binary(max_size=80), st.integers(0, 200))
def test_damage_is_a_typed_error(noise: bytes, at: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "a.png"
        Image.new("RGB", (20, 20), (1, 2, 3)).save(path)
        data = bytearray(path.read_bytes())
        data[at : at + len(noise)] = noise
        path.write_bytes(data[: max(1, len(data) - 1)])
        try:
            assert PillowPictures().read(path).shape[2] == 3
        except (IntegrityError, UnsupportedFile) as error:
            assert "a.png" in str(error)
