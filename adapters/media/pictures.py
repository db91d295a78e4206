"""Pixels of still images, through Pillow."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import attrs

from ...domain.arrays import np
from ...domain.errors import IntegrityError, NotReadable, UnsupportedFile

# What the readers of Pillow raise over damaged files.
_DAMAGED = (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, struct.error, EOFError)
_ORIENTATION = 0x0112
_SIDEWAYS = range(5, 9)
_RAW_EXIF = b"Raw profile type exif"
"""How ImageMagick begins a chunk of text that holds EXIF data."""
_ADVICE = "Pull it again, or leave the item out"


@attrs.frozen
class PillowPictures:
    """Implements `ports.pictures.PictureReader`."""

    def size(self, path: Path) -> tuple[int, int]:
        """As `PictureReader.size`."""
        with _opened(path) as image:
            _check(path, image)
            width, height = image.size
            return (height, width) if _exif(image).get(_ORIENTATION) in _SIDEWAYS else (width, height)

    def read(self, path: Path) -> Any:
        """As `PictureReader.read`."""
        from PIL import ImageOps

        with _opened(path) as image:
            _check(path, image)
            image.load()
            return np.array(_rgb(ImageOps.exif_transpose(image)), dtype=np.uint8)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """An image whose header was read; what goes wrong with it becomes an error of ours."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            yield image
    except Image.DecompressionBombError as error:
        reason = "has more pixels than are decoded at once"
        raise UnsupportedFile(f"picture {path}", reason, "Scale it down, or leave the item out", str(path)) from error
    except UnidentifiedImageError as error:
        raise IntegrityError(f"file {path}", "is no picture that can be read", _ADVICE) from error
    except OSError as error:
        # Pillow raises an OSError without a number where the file ends too early.
        if error.errno is None:
            raise IntegrityError(f"picture {path}", f"is damaged: {error}", _ADVICE) from error
        raise NotReadable(str(path), f"cannot be read: {error.strerror or error}", "Pull it again") from error
    except UnsupportedFile:
        raise  # it is a ValueError, too
    except _DAMAGED as error:
        raise IntegrityError(f"picture {path}", f"is damaged: {error}", _ADVICE) from error


def _exif(image: Any) -> Any:
    """What `image.getexif()` gives, without decoding the picture if that can be."""
    from PIL import Image

    if image.format == "PNG" and not _has_exif_behind_pixels(image.fp):
        return Image.Image.getexif(image)  # that of PNG images decodes all pixels, to find what may come after them
    return image.getexif()


def _has_exif_behind_pixels(file: BinaryIO) -> bool:
    """Look at the heads of a PNG file's chunks from its pixels on; leaves the file where it was."""
    place = file.tell()
    try:
        file.seek(8)
        seen_pixels = False
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            seen_pixels |= kind == b"IDAT"
            start = file.read(min(length, len(_RAW_EXIF)))
            if seen_pixels and (kind == b"eXIf" or start == _RAW_EXIF):
                return True
            file.seek(length - len(start) + 4, 1)
        return False
    finally:
        file.seek(place)


def _check(path: Path, image: Any) -> None:
    if image.mode == "F":
        reason = "has values in floating point, whose range nobody says"
        raise UnsupportedFile(f"picture {path}", reason, "Convert it to 8 or 16 bits", str(path))


def _rgb(image: Any) -> Any:
    """The image in red, green and blue. Pillow cuts wide values at 255, so these are made narrow here."""
    from PIL import Image

    if image.mode.startswith("I"):
        wide = np.asarray(image)
        image = Image.fromarray((np.clip(wide, 0, 65535).astype(np.uint16) >> 8).astype(np.uint8))
    elif image.mode == "P":
        # With its transparency, or Pillow warns about it.
        image = image.convert("RGBA")
    return image.convert("RGB")
