"""Contract of `ports.datasets.DatasetCatalogue`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ..domain.dataset import Dataset
from ..domain.errors import DatasetNotFound, InvalidName, NameTaken
from ..domain.item import StatusChange
from ..domain.reference import DatasetReference
from ..ports.hub import AnnotationHub
from .scenario import HubContract, Workbench


class DatasetCatalogueContract(HubContract):
    """What every catalogue of datasets does."""

    def test_new_hub_has_no_dataset(self, hub: AnnotationHub) -> None:
        assert list(hub.list_datasets()) == []
        assert list(hub.list_datasets(self.team)) == []

    def test_list_is_ordered_by_slug(self, hub: AnnotationHub) -> None:
        for name in ("m", "z", "a"):
            hub.create_dataset(self.team, name)
        assert [dataset.slug for dataset in hub.list_datasets(self.team)] == ["a", "m", "z"]

    def test_list_covers_one_team_or_all_by_team(self, hub: AnnotationHub) -> None:
        if self.other_team is None:
            pytest.skip("the hub is bound to one team")
        for team, name in ((self.other_team, "a"), (self.team, "z"), (self.team, "b")):
            hub.create_dataset(team, name)
        expected = sorted([(self.other_team, "a"), (self.team, "z"), (self.team, "b")])
        assert [(dataset.team, dataset.slug) for dataset in hub.list_datasets()] == expected
        assert [dataset.slug for dataset in hub.list_datasets(self.team)] == ["b", "z"]
        assert [dataset.slug for dataset in hub.list_datasets("no-such-team")] == []

    def test_removed_dataset_is_not_listed(self, hub: AnnotationHub, dataset: Dataset, second: Dataset) -> None:
        hub.remove_dataset(dataset)
        assert [one.id for one in hub.list_datasets(self.team)] == [second.id]

    def test_created_dataset_can_be_got(self, hub: AnnotationHub, second: Dataset) -> None:
        created = hub.create_dataset(self.team, "Street Scenes: Day 2")
        assert (created.name, created.slug) == ("Street Scenes: Day 2", "street-scenes-day-2")
        assert (created.team, created.item_count, created.progress) == (self.team, 0, 0.0)
        assert created.id != second.id
        assert hub.get_dataset(created.reference) == created
        assert created in hub.list_datasets(self.team)

    def test_get_ignores_release_and_hub(self, hub: AnnotationHub, dataset: Dataset) -> None:
        reference = DatasetReference(dataset.team, dataset.slug, "no-such-release", "no-such-hub")
        assert hub.get_dataset(reference).id == dataset.id

    def test_get_needs_the_right_team_and_slug(self, hub: AnnotationHub, dataset: Dataset) -> None:
        with pytest.raises(DatasetNotFound):
            hub.get_dataset(DatasetReference(dataset.team, "no-such-dataset"))
        if self.other_team is not None:
            with pytest.raises(DatasetNotFound):
                hub.get_dataset(DatasetReference(self.other_team, dataset.slug))

    def test_slug_is_taken_once(self, hub: AnnotationHub) -> None:
        first = hub.create_dataset(self.team, "Street Scenes")
        with pytest.raises(NameTaken):
            hub.create_dataset(self.team, "street scenes")
        assert list(hub.list_datasets(self.team)) == [first]

    def test_slug_is_taken_in_its_team_only(self, hub: AnnotationHub, dataset: Dataset) -> None:
        if self.other_team is None:
            pytest.skip("the hub is bound to one team")
        other = hub.create_dataset(self.other_team, dataset.name)
        assert (other.slug, other.team) == (dataset.slug, self.other_team)
        assert other.id != dataset.id

    @pytest.mark.parametrize("name", ["", "   ", "///", "..", "☀️"])
    def test_name_without_slug_is_refused(self, hub: AnnotationHub, name: str) -> None:
        with pytest.raises(InvalidName):
            hub.create_dataset(self.team, name)
        assert list(hub.list_datasets()) == []

    def test_creation_is_atomic(self, hub: AnnotationHub) -> None:
        def create(_: int) -> Dataset | NameTaken:
            try:
                return hub.create_dataset(self.team, "race")
            except NameTaken as error:
                return error

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(create, range(8)))
        created = [outcome for outcome in outcomes if isinstance(outcome, Dataset)]
        assert created == list(hub.list_datasets(self.team))
        assert len(created) == 1

    def test_removed_dataset_is_not_found(self, hub: AnnotationHub, dataset: Dataset, removed: Dataset) -> None:
        with pytest.raises(DatasetNotFound):
            hub.get_dataset(removed.reference)
        assert hub.get_dataset(dataset.reference) == dataset

    def test_dataset_is_removed_once(self, hub: AnnotationHub, removed: Dataset) -> None:
        with pytest.raises(DatasetNotFound):
            hub.remove_dataset(removed)

    def test_removing_frees_the_slug(self, hub: AnnotationHub, bench: Workbench) -> None:
        old = hub.create_dataset(self.team, "again")
        bench.push(old, "/a.png")
        bench.export(old, "1")
        hub.remove_dataset(old)
        new = hub.create_dataset(self.team, "again")
        assert new.id != old.id
        assert hub.get_dataset(new.reference).item_count == 0
        assert bench.listed(new) == {}
        assert list(hub.list_releases(new)) == []
        with pytest.raises(DatasetNotFound):
            hub.remove_dataset(old)

    def test_counts_leave_archived_items_out(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        first, second, third, _ = bench.push(dataset, "/a.png", "/b.png", "/c.png", "/d.png")
        hub.change_status(dataset, [first.id, second.id], StatusChange.COMPLETE)
        hub.change_status(dataset, [second.id], StatusChange.ARCHIVED)
        hub.delete_items(dataset, [third.id])
        now = hub.get_dataset(dataset.reference)
        assert (now.item_count, now.progress) == (2, 0.5)
        assert list(hub.list_datasets(self.team)) == [now]
