from __future__ import annotations

import random

import attrs
import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.item import SORT_FIELDS, Item, ItemQuery, ItemUpdate, Position, StatusChange, position_of
from groundtruth.domain.names import RemotePath
from groundtruth.testing.scenario import EVERYTHING, PIXEL, Workbench


@pytest.mark.parametrize("others", [0, 40])
def test_pages_of_small_and_of_large_datasets(hub: LocalHub, dataset: Dataset, bench: Workbench, others: int) -> None:
    """The rows of a dataset are found in another way if most are of other datasets."""
    items = bench.push(dataset, *(bench.item(f"/{n % 3}/{n}.png", PIXEL + bytes(n % 4)) for n in range(9)))
    elsewhere = hub.create_dataset("team", "other")
    bench.push(elsewhere, *(f"/{n}.png" for n in range(others)))
    hub.update_items(dataset, [items[2].id, items[4].id], ItemUpdate(priority=1))
    everything = list(hub.list_items(dataset, EVERYTHING))
    for field in SORT_FIELDS:
        for descending in (False, True):
            by_path = sorted(everything, key=lambda item: item.full_path)
            wanted = sorted(by_path, key=lambda item, f=field: position_of(item, f)[0], reverse=descending)
            query = ItemQuery(sort=(field, descending), after=position_of(wanted[3], field), limit=4)
            assert list(hub.list_items(dataset, query)) == wanted[4:8]
            narrow = attrs.evolve(query, names=tuple(item.name for item in wanted[::2]), folders=FOLDERS)
            assert list(hub.list_items(dataset, narrow)) == [item for item in wanted[4:][::2] if item.path in FOLDERS]


FOLDERS = (RemotePath("/0"), RemotePath("/2"))


@pytest.mark.parametrize(
    ("field", "position"), [("filename", (3, "/a")), ("priority", ("high", "/a")), ("file_size", ("", ""))]
)
def test_positions_of_other_orders_are_refused(
    hub: LocalHub, dataset: Dataset, field: str, position: Position
) -> None:
    with pytest.raises(InvalidInput, match="position"):
        list(hub.list_items(dataset, ItemQuery(sort=(field, False), after=position)))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_numbers_beyond_measure_are_refused(hub: LocalHub, dataset: Dataset, bench: Workbench, number: int) -> None:
    (item,) = bench.push(dataset, "/a.png")
    with pytest.raises(InvalidInput):
        hub.update_items(dataset, [item.id], ItemUpdate(priority=number))
    with pytest.raises(InvalidInput):
        list(hub.list_items(dataset, ItemQuery(sort=("priority", False), after=(number, "/"))))


def test_counts_follow_every_change(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    generator = random.Random(5)
    for number in range(60):
        present = list(bench.listed(dataset).values())
        chosen = [item.id for item in generator.sample(present, min(len(present), 3))]
        if number % 10 == 0:
            bench.push(dataset, *(f"/{number}-{n}.png" for n in range(4)))
            bench.register(dataset, bench.item(f"/{number}-half.png"))
        elif number % 10 == 9:
            hub.delete_items(dataset, chosen[:1])
        else:
            hub.change_status(dataset, chosen, generator.choice(list(StatusChange)))
        live = [item for item in bench.listed(dataset).values() if item.status != "archived"]
        now = hub.get_dataset(dataset.reference)
        assert (now.item_count, round(now.progress * len(live))) == (len(live), sum(map(is_done, live)))


def is_done(item: Item) -> bool:
    return item.status == "complete"
