"""Swap one adapter through the container: here, media are looked into by a probe of our own.

Every use case that depends on the part gets the new one; nothing else changes.
Run it: python examples/swap_an_adapter.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from dependency_injector import providers

from groundtruth import Client
from groundtruth.ports.media import MediaInfo


class PortableAnyMapProbe:
    """Reads the size of `.pgm`-style content from its header: `P5 <width> <height> ...`."""

    def probe(self, path: Path, name: str) -> MediaInfo:
        """Width and height from the first three words."""
        words = path.read_bytes()[:64].split()
        if words[:1] != [b"P5"]:
            return MediaInfo()
        return MediaInfo(width=int(words[1]), height=int(words[2]))


def main(home: Path) -> tuple[int | None, int | None]:
    """Push one file with the swapped probe; return the size the hub noted."""
    picture = home / "gradient.png"
    picture.write_bytes(b"P5 4 2 255\n" + bytes(range(8)))
    with Client.local(home=home) as client:
        client.container.probe.override(providers.Object(PortableAnyMapProbe()))
        dataset = client.create_dataset("swapped")
        dataset.push(picture)
        slot = next(dataset.items()).slots[0]
        return slot.width, slot.height


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(main(Path(folder)))
