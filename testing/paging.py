"""Contract of `ports.items.ItemCatalogue.list_items`, asked page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import pytest

from ..domain.dataset import Dataset
from ..domain.item import SORT_FIELDS, Item, ItemQuery, ItemStatus, ItemUpdate, StatusChange, position_of
from ..domain.names import RemotePath
from ..ports.hub import AnnotationHub
from .scenario import EVERYTHING, PIXEL, HubContract, Workbench

ORDERS = [(field, descending) for field in SORT_FIELDS for descending in (False, True)]


def pages(hub: AnnotationHub, dataset: Dataset, query: ItemQuery, size: int) -> Iterator[list[Item]]:
    """Walk through a list page by page; after each page the caller may change what there is."""
    while True:
        page = list(hub.list_items(dataset, attrs.evolve(query, limit=size)))
        assert len(page) <= size
        if not page:
            return
        yield page
        query = attrs.evolve(query, after=position_of(page[-1], query.sort[0]))


def joined(walk: Iterator[list[Item]]) -> list[Item]:
    """Items of all pages."""
    return [item for page in walk for item in page]


class ItemPagingContract(HubContract):
    """How every catalogue lists page by page."""

    @pytest.fixture
    def varied(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, later: Callable[[], None]) -> list[Item]:
        """Items among which every sort field has ties."""
        for batch in ("ab", "cd"):
            for folder in ("", "/día", "/z"):
                items = [
                    bench.item(f"{folder}/{name}.png", PIXEL + bytes(size)) for size, name in enumerate(f"{batch}☀B")
                ]
                bench.push(dataset, *items[: 2 if batch == "ab" else 4])
            later()
        listed = list(hub.list_items(dataset, EVERYTHING))
        hub.update_items(dataset, [item.id for item in listed[::3]], ItemUpdate(priority=7))
        hub.update_items(dataset, [item.id for item in listed[1::3]], ItemUpdate(priority=-2))
        return list(hub.list_items(dataset, EVERYTHING))

    @pytest.mark.parametrize(("field", "descending"), ORDERS)
    def test_pages_make_the_whole_list(
        self, hub: AnnotationHub, dataset: Dataset, varied: list[Item], field: str, descending: bool
    ) -> None:
        query = ItemQuery(statuses=(), sort=(field, descending))
        whole = list(hub.list_items(dataset, query))
        assert len(whole) == len(varied)
        for size in (1, 4, len(whole), len(whole) + 1):
            assert joined(pages(hub, dataset, query, size)) == whole

    @pytest.mark.parametrize(("field", "descending"), ORDERS)
    def test_pages_hold_each_item_once_while_others_come_and_go(
        self,
        hub: AnnotationHub,
        dataset: Dataset,
        bench: Workbench,
        varied: list[Item],
        field: str,
        descending: bool,
    ) -> None:
        seen: list[Item] = []
        gone: set[str] = set()
        for number, page in enumerate(pages(hub, dataset, ItemQuery(statuses=(), sort=(field, descending)), 4)):
            seen += page
            # The one that the next page is asked behind of, and one before it.
            deleted = {page[-1].id, page[0].id}
            hub.delete_items(dataset, sorted(deleted))
            gone |= deleted
            bench.push(dataset, f"/0-{number}.png", f"/zz-{number}.png") if number < 4 else None
        ids = [item.id for item in seen]
        assert len(ids) == len(set(ids))
        assert {item.id for item in varied} <= set(ids)
        assert {item.id for item in bench.listed(dataset).values()}.isdisjoint(gone)

    def test_pages_of_filtered_lists(self, hub: AnnotationHub, dataset: Dataset, varied: list[Item]) -> None:
        done = [item.id for item in varied if item.path == RemotePath("/z")][1:]
        hub.change_status(dataset, done, StatusChange.COMPLETE)
        query = ItemQuery(
            (ItemStatus.COMPLETE,),
            folders=(RemotePath("/z"), RemotePath("/no such")),
            sort=("filename", True),
        )
        found = joined(pages(hub, dataset, query, 2))
        assert sorted(item.id for item in found) == sorted(done)
        assert found == list(hub.list_items(dataset, query))

    def test_limit_ends_the_list(self, hub: AnnotationHub, dataset: Dataset, varied: list[Item]) -> None:
        whole = list(hub.list_items(dataset, EVERYTHING))
        for limit in (0, 1, len(whole), len(whole) + 5):
            assert list(hub.list_items(dataset, attrs.evolve(EVERYTHING, limit=limit))) == whole[:limit]
        rest = attrs.evolve(EVERYTHING, after=position_of(whole[4], "inserted_at"))
        assert list(hub.list_items(dataset, rest)) == whole[5:]

    def test_pages_of_a_long_list(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        wanted = [f"/{number:05d}.png" for number in range(self.many)]
        bench.push(dataset, *wanted)
        query = ItemQuery(sort=("filename", True))
        assert [item.full_path for item in joined(pages(hub, dataset, query, 499))] == wanted[::-1]
        long = list(hub.list_items(dataset, attrs.evolve(query, limit=self.many - 1)))
        assert [item.full_path for item in long] == wanted[:0:-1]
