"""`HeaderProbe`: size of images, and size, rate and length of videos."""

from __future__ import annotations

from pathlib import Path

import attrs

from ...domain.media import SlotType, slot_type_of
from ...ports.media import MediaInfo
from .image import image_size
from .video import video_info


@attrs.frozen
class HeaderProbe:
    """Implements `ports.media.MediaProbe`. Thread-safe.

    Images are read by their content, whatever their suffix says; EXIF orientation is ignored. Videos need the
    extra `video`; without it nothing is known of them. Volumes and documents are not looked into.
    """

    def probe(self, path: Path, name: str) -> MediaInfo:
        """As `MediaProbe.probe`."""
        match slot_type_of(name):
            case SlotType.IMAGE:
                return _image_info(path) or MediaInfo()
            case SlotType.VIDEO:
                # Slide scans (.ndpi) count as videos among slots; inside they are images, and as such without rate.
                return _image_info(path) or video_info(path) or MediaInfo()
            case _:
                return MediaInfo()


def _image_info(path: Path) -> MediaInfo | None:
    size = image_size(path)
    return MediaInfo(*size) if size else None
