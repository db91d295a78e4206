"""The contract of annotation hubs, through HTTP: the adapter against a real server over an embedded hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.darwin import DarwinHub
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.media import HeaderProbe
from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.classes import Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import AccessDenied
from groundtruth.domain.item import Item
from groundtruth.domain.policies import NO_RETRY
from groundtruth.domain.storage import ExternalStorage
from groundtruth.ports.hub import AnnotationHub
from groundtruth.testing.hub import AnnotationHubContract
from groundtruth.testing.scenario import Workbench
from support.serving import Serving, serving

CODEC = DarwinJsonCodec()


class ServedHubContract(AnnotationHubContract):
    """The suite, with a server of its own for each test. No failure is covered up by a repetition."""

    native: bool | None = None
    many = 600
    """More than a page, and than three of what is registered at once."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def served(self, tmp_path: Path, clock: FakeClock) -> Iterator[Serving]:
        with LocalHub(tmp_path / "hub", CODEC, HeaderProbe(), clock) as local, serving(local, CODEC, clock) as served:
            self._served = served
            yield served

    @pytest.fixture
    def hub(self, served: Serving, clock: FakeClock, tmp_path: Path) -> Iterator[AnnotationHub]:
        keys = {team: served.key(team) for team in (self.team, self.other_team) if team}
        progress = MemoryProgress()
        with CurlWeb() as web:
            transfer = TransferEngine(
                [HttpSource(web)], clock=clock, progress=progress, retry=NO_RETRY, incoming=tmp_path / "incoming"
            )
            yield DarwinHub(
                served.url,
                keys,
                web,
                codec=CODEC,
                clock=clock,
                progress=progress,
                retry=NO_RETRY,
                transfer=transfer,
                folder=tmp_path / "archives",
                native=self.native,
                chunk=200,
            )

    @pytest.fixture
    def later(self, clock: FakeClock) -> Callable[[], None]:
        return lambda: clock.advance(2.0)

    def declare_storage(self, hub: AnnotationHub, team: str, storage: ExternalStorage) -> None:
        """Declare a storage where it can be done: on the server."""
        self._served.hub.add_storage(team, storage)

    def test_list_covers_one_team_or_all_by_team(self, hub: AnnotationHub) -> None:
        assert self.other_team is not None
        for team, name in ((self.other_team, "a"), (self.team, "z"), (self.team, "b")):
            hub.create_dataset(team, name)
        expected = sorted([(self.other_team, "a"), (self.team, "z"), (self.team, "b")])
        assert [(dataset.team, dataset.slug) for dataset in hub.list_datasets()] == expected
        assert [dataset.slug for dataset in hub.list_datasets(self.team)] == ["b", "z"]
        # Whether a team without a key exists, a hub tells nobody.
        with pytest.raises(AccessDenied):
            hub.list_datasets("no-such-team")


class TestNativeHub(ServedHubContract):
    """As groundtruth's client and server speak to each other: everything gets through."""


WEATHER = PropertyDefinition(
    "weather", "multi_select", Granularity.ITEM, choices=(PropertyChoice("rain"), PropertyChoice("fog"))
)

UNKNOWN_FIELDS = "the import form has no place for unknown fields and shapes"
FULL_NAMES = "the import form names people by their e-mail only"
VIDEO = "of a video only keyframes are sent, and not how the frames between them are found"
ATTRIBUTES = "attributes are made on the hub, and not by an import that uses them"
ONE_BY_ONE = "uploads are confirmed one by one, so that some of a batch are when another is refused"

LOST = {
    "test_annotations_come_back_as_given": f"{FULL_NAMES}; {VIDEO}; {ATTRIBUTES}",
    "test_unknown_things_are_kept": UNKNOWN_FIELDS,
    "test_unknown_things_are_released": UNKNOWN_FIELDS,
    "test_appending_twice_adds_once": f"{FULL_NAMES}; {VIDEO}; {ATTRIBUTES}",
    "test_missing_ids_are_given": VIDEO,
    "test_authors_only_when_asked_for": FULL_NAMES,
    "test_report_by_annotators": FULL_NAMES,
    "test_attributes_are_those_of_annotations": ATTRIBUTES,
    "test_attributes_of_frames": ATTRIBUTES,
    "test_item_must_exist": "an import names its item, and not the dataset it should be in",
    "test_batch_with_missing_bytes_is_not_confirmed": ONE_BY_ONE,
    "test_deleted_item_stays_deleted": ONE_BY_ONE,
}
"""Tests of the suite that Darwin's API cannot pass, and why."""


class TestPlainHub(ServedHubContract):
    """As Darwin's API is: what its forms cannot say is left out here, and only that."""

    native = False

    @pytest.fixture(autouse=True)
    def _sayable(self, request: pytest.FixtureRequest) -> None:
        reason = LOST.get(request.node.originalname)
        if reason is not None:
            pytest.skip(reason)

    @pytest.fixture
    def item(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> Item:
        # Values of a property that nobody defined are refused.
        hub.add_properties(dataset, [WEATHER])
        return bench.push(dataset, "/day1/a.png")[0]


def test_everything_left_out_is_in_the_suite() -> None:
    assert {name for name in LOST if hasattr(AnnotationHubContract, name)} == LOST.keys()
