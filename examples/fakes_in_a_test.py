"""Test your own code offline: give it fakes, and tell them to fail.

Here `nightly_release` is the code under test: it exports a dataset once a night, and must survive a hub that is
away for a moment.
"""

from __future__ import annotations

from groundtruth import DatasetReference
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import FakeClock, MemoryHub
from groundtruth.application.releases import ExportRelease
from groundtruth.domain.errors import Unavailable
from groundtruth.domain.upload import NewItem, NewSlot, UploadOptions
from groundtruth.ports.clock import Clock


def nightly_release(export: ExportRelease, reference: DatasetReference, clock: Clock) -> str:
    """Export under today's date; if the hub is away, wait a minute and try once more."""
    name = clock.now().strftime("%Y.%m.%d")
    try:
        return export(reference, name).name
    except Unavailable:
        clock.sleep(60)
        return export(reference, name).name


def test_nightly_release_survives_a_short_outage(tmp_path) -> None:
    clock = FakeClock()
    hub = MemoryHub(DarwinJsonCodec(), clock=clock)
    dataset = hub.create_dataset("team", "street")
    photo = tmp_path / "a.png"
    photo.write_bytes(b"not empty")
    answer = hub.register(dataset, [NewItem("a.png", [NewSlot("0", "a.png", [photo])])], UploadOptions())
    hub.put(answer.uploads[0], lambda sent: None)
    hub.confirm(answer.uploads)

    hub.faults.fail("create_release", Unavailable("the hub", "is away", 503))
    name = nightly_release(ExportRelease(hub, hub), dataset.reference, clock)

    assert [release.name for release in hub.list_releases(dataset)] == [name]
    assert clock.sleeps == [60]
