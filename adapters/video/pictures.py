"""Frames as PNG files: written whole or not at all, and unpacked from two channels to grey."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
from pathlib import Path
from typing import Any

from ...domain.digest import Digest
from ...domain.errors import DiskFull, IntegrityError, NotReadable, NotWritable, StorageError
from ...ports.media import ExtractedFrame

# Frames are written once and read a few times; the default level takes three times as long for a tenth of the size.
_COMPRESSION = 1


def write_picture(image: Any, path: Path) -> ExtractedFrame:
    """Put a Pillow image at `path` as PNG.

    Raises:
        NotWritable, DiskFull: it cannot be written.
    """
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=_COMPRESSION)
    data = buffer.getbuffer()
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        try:
            temporary.write_bytes(data)
            modified = temporary.stat().st_mtime_ns
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _storage_error(error, path) from error
    return ExtractedFrame(path.name, len(data), modified, Digest(hashlib.sha256(data).hexdigest()))


def unpack_grey(path: Path) -> ExtractedFrame:
    """Turn 16-bit grey packed in red and green into 8-bit grey, in place (reference: V7 Darwin, section 7.6).

    Raises:
        IntegrityError: it is no picture.
        NotReadable: it may not be read.
        NotWritable, DiskFull: it cannot be replaced.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotReadable(str(path), f"cannot be read: {error.strerror or error}") from error
    try:
        with Image.open(io.BytesIO(data)) as image:
            channels = None if len(image.getbands()) < 3 else np.asarray(image.convert("RGB"), np.uint16)
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise IntegrityError(
            f"frame {path.name}", "is no picture", "Ask the hub to process the item again"
        ) from error
    if channels is None:
        return _described(path, data)
    packed = channels[..., 0] << 8 | channels[..., 1]
    return write_picture(Image.fromarray((packed / 65536 * 255).astype(np.uint8)), path)


def _described(path: Path, data: bytes) -> ExtractedFrame:
    modified = path.stat().st_mtime_ns
    return ExtractedFrame(path.name, len(data), modified, Digest(hashlib.sha256(data).hexdigest()))


def _storage_error(error: OSError, path: Path) -> StorageError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(str(path), "no room is left on the device", "Make room, then run the command again")
    return NotWritable(str(path), f"cannot be written: {error.strerror or error}", "Check that you may write to it")
