"""Items over HTTP: listing, filters, pages, changes."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any
from urllib.parse import quote

import pytest

from support.bench import ITEMS, Bench
from support.serving import Serving


class TestListing:
    def test_record(self, bench: Bench) -> None:
        item_id = bench.push("/day 1/a.png", content=b"12345")["/day 1/a.png"]
        (item,) = bench.list()
        assert item["id"] == item_id
        assert (item["name"], item["path"], item["dataset_id"]) == ("a.png", "/day 1", bench.id)
        assert (item["status"], item["archived"], item["processing_status"]) == ("new", False, "complete")
        (slot,) = item["slots"]
        assert (slot["slot_name"], slot["file_name"], slot["size_bytes"]) == ("0", "a.png", 5)
        assert item["uploads"] == []
        assert set(item["workflow_data"]) == {"workflow_id", "current_stage_id"}
        assert bench.served.get(f"{ITEMS}/{item_id}") == item

    def test_item_that_is_uploading(self, bench: Bench) -> None:
        bench.register("/a.png")
        (item,) = bench.list()
        assert (item["slots"], item["status"], item["processing_status"]) == ([], "uploading", "uploading")
        # A hub need not tell before it is complete.
        assert [(one["slot_name"], one["file_name"]) for one in item["uploads"]] in ([("0", "a.png")], [])
        assert "workflow_data" not in item

    def test_archived_item_is_listed_and_has_no_stage(self, bench: Bench) -> None:
        bench.push("/a.png")
        bench.change("archive", item_names=["a.png"])
        (item,) = bench.list()
        assert (item["status"], item["archived"], "workflow_data" in item) == ("archived", True, False)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["a.png", "b.jpg", "b.jpg", "c,d.png"]),
            ("item_names[]=a.png&item_names[]=b.jpg", ["a.png", "b.jpg", "b.jpg"]),
            ("item_names=a.png,b.jpg", ["a.png", "b.jpg", "b.jpg"]),
            ("item_names=a.png&item_names=nobody", ["a.png"]),
            ("filenames=a.png", ["a.png"]),
            ("item_names[]=c,d.png", ["c,d.png"]),
            ("item_names=c,d.png", ["c,d.png"]),
            ("item_names=nobody.png", []),
            ("item_ids[]=", []),
            ("item_ids=", []),
            ("item_names=", []),
            ("statuses=", []),
            ("statuses=new,annotate,review,complete", ["a.png", "b.jpg", "b.jpg", "c,d.png"]),
            ("statuses[]=archived", []),
            ("not_statuses=new", []),
            ("not_statuses[]=archived", ["a.png", "b.jpg", "b.jpg", "c,d.png"]),
            ("item_paths[]=/x", ["b.jpg"]),
            ("item_paths=/,/x", ["a.png", "b.jpg", "b.jpg", "c,d.png"]),
            ("slot_types=image", ["a.png", "b.jpg", "b.jpg", "c,d.png"]),
            ("slot_types[]=video", []),
            ("types=image&include_workflow_data=true", ["a.png", "b.jpg", "b.jpg", "c,d.png"]),
        ],
    )
    def test_filters(self, bench: Bench, query: str, expected: list[str]) -> None:
        bench.push("/a.png", "/b.jpg", "/x/b.jpg", "/c,d.png")
        assert sorted(bench.names(query)) == expected

    def test_stage_filter(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/b.png")
        stage = bench.list("item_names=a.png")[0]["workflow_data"]["current_stage_id"]
        assert len(bench.names(f"workflow_stage_ids={stage}")) == 2
        workflow = bench.served.get(f"datasets/{bench.id}")["workflow_ids"][0]
        stages = bench.served.get(f"v2/teams/acme/workflows/{workflow}")["stages"]
        done = next(one["id"] for one in stages if one["type"] == "complete")
        body = {"workflow_id": workflow, "stage_id": done}
        assert bench.change("stage", body=body, item_ids=[ids["/a.png"]]).json == {"affected_item_count": 1}
        assert bench.names(f"workflow_stage_ids[]={done}") == ["a.png"]
        assert bench.names(f"workflow_stage_ids[]={done}&statuses=new") == []
        listed = bench.served.get(f"{ITEMS}/ids?dataset_ids={bench.id}&workflow_stage_ids={done}")
        assert listed == {"item_ids": [ids["/a.png"]]}

    @pytest.mark.parametrize(
        "query",
        [
            "statuses=nonsense",
            "colour=red",
            "sort[colour]=asc",
            "sort[filename]=sideways",
            "sort[filename]=asc&sort[priority]=asc",
            "page[size]=many",
            "page[offset]=-1",
            "page[offset]=99999999999999999999999",
            "item_paths=/a/../b",
            "page[from]=nonsense",
            "page[from]=" + base64.urlsafe_b64encode(b"[1,2,3]").decode(),
            "page[from]=" + base64.urlsafe_b64encode(json.dumps(["priority", False, 1, 1, "/a"]).encode()).decode(),
            "page[from]=" + base64.urlsafe_b64encode(b'["inserted_at",false,1,5,"/a"]').decode(),
        ],
    )
    def test_bad_queries(self, bench: Bench, query: str) -> None:
        answer = bench.served.send("GET", f"{ITEMS}?dataset_ids[]={bench.id}&{query}")
        assert answer.status == 422
        assert answer.errors["detail"]

    @pytest.mark.parametrize("ids", ["123456789", "x", "-1", "99999999999999999999999999", "%00"])
    def test_unknown_dataset(self, bench: Bench, ids: str) -> None:
        assert bench.served.send("GET", f"{ITEMS}?dataset_ids[]={ids}").status == 404

    def test_all_datasets(self, bench: Bench) -> None:
        bench.push("/only-here.png")
        for query in ("dataset_ids=all&", ""):
            found = bench.served.get(f"{ITEMS}?{query}item_names=only-here.png")["items"]
            assert bench.id in {item["dataset_id"] for item in found}

    def test_unknown_item(self, bench: Bench) -> None:
        assert bench.served.send("GET", f"{ITEMS}/00000000-0000-4000-8000-00000000dead").status == 404


class TestPages:
    @pytest.mark.parametrize("sort", ["inserted_at", "updated_at", "file_size", "filename", "priority"])
    @pytest.mark.parametrize("direction", ["asc", "desc"])
    def test_every_item_comes_once(self, bench: Bench, sort: str, direction: str) -> None:
        names = [f"/{number}.png" for number in range(7)]
        for number, name in enumerate(names):
            bench.push(name, content=b"x" * (number % 3))
        seen, cursor = [], ""
        for _ in itertools.repeat(None, 10):
            query = f"{ITEMS}?dataset_ids[]={bench.id}&sort[{sort}]={direction}&page[size]=2{cursor}"
            page = bench.served.get(query)
            seen += [item["name"] for item in page["items"]]
            assert page["page"]["count"] == len(page["items"])
            assert "next" in page["page"]
            if page["page"]["next"] is None:
                break
            cursor = f"&page[from]={quote(page['page']['next'])}"
        assert sorted(seen) == [name[1:] for name in names]
        assert seen == bench.names(f"sort[{sort}]={direction}")

    def test_item_deleted_at_the_cursor(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/b.png", "/c.png")
        query = f"{ITEMS}?dataset_ids[]={bench.id}&sort[filename]=asc&page[size]=2"
        page = bench.served.get(query)
        bench.change("", "DELETE", item_ids=[ids["/b.png"]])
        rest = bench.served.get(f"{query}&page[from]={page['page']['next']}")
        assert [item["name"] for item in rest["items"]] == ["c.png"]

    def test_cursor_of_another_order(self, bench: Bench) -> None:
        bench.push("/a.png", "/b.png")
        query = f"{ITEMS}?dataset_ids[]={bench.id}&page[size]=1"
        cursor = bench.served.get(f"{query}&sort[filename]=asc")["page"]["next"]
        assert bench.served.send("GET", f"{query}&sort[filename]=desc&page[from]={cursor}").status == 422

    def test_pages_go_on_in_the_next_dataset(self, served: Serving, bench: Bench) -> None:
        other = served.post("datasets", {"name": f"{bench.slug} too"})
        both = [bench, Bench(served, other["id"], other["slug"])]
        for one in both:
            one.push("/a.png", "/b.png", "/c.png")
        query = f"{ITEMS}?dataset_ids={bench.id},{other['id']}&sort[filename]=asc&page[size]=2"
        seen, cursor = [], ""
        for _ in range(4):
            page = served.get(query + cursor)
            seen += [(item["dataset_id"], item["name"]) for item in page["items"]]
            if not page["page"]["next"]:
                break
            cursor = f"&page[from]={page['page']['next']}"
        assert seen == [(one.id, name) for one in both for name in ("a.png", "b.png", "c.png")]

    @pytest.mark.parametrize(("size", "count"), [("0", 1), ("-5", 1), ("2", 2), ("100000", 3)])
    def test_sizes_are_brought_within_limits(self, bench: Bench, size: str, count: int) -> None:
        bench.push("/a.png", "/b.png", "/c.png")
        assert len(bench.list(f"page[size]={size}")) == count

    def test_offsets(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/b.png", "/c.png")
        path = f"{ITEMS}/list_ids?dataset_ids={bench.id}&sort[filename]=asc"
        assert bench.served.get(f"{path}&page[offset]=1&page[size]=1")["item_ids"] == [ids["/b.png"]]
        assert bench.served.get(f"{path}&page[offset]=3")["item_ids"] == []
        assert bench.served.get(path)["item_ids"] == list(ids.values())

    def test_folders(self, bench: Bench) -> None:
        bench.push("/a.png", "/x/a.png", "/x/b.png")
        folders = bench.served.get(f"{ITEMS}/folders?dataset_ids={bench.id}&item_names=a.png")["folders"]
        counts = {one["path"]: (one["filtered_item_count"], one["unfiltered_item_count"]) for one in folders}
        assert counts == {"/": (1, 1), "/x": (1, 2)}
        assert bench.served.send("GET", f"{ITEMS}/folders").status == 422


class TestChanges:
    def test_archive_and_restore(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/b.png")
        assert bench.change("archive", item_ids=[ids["/a.png"]]).json == {"affected_item_count": 1}
        assert bench.names("statuses=archived") == ["a.png"]
        assert bench.change("restore", item_names=["a.png"]).json == {"affected_item_count": 1}
        assert bench.names("statuses=archived") == []

    def test_delete(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/b.png")
        assert bench.change("", "DELETE", item_ids=[ids["/a.png"], "unknown"]).json == {"affected_item_count": 1}
        assert bench.names() == ["b.png"]

    @pytest.mark.parametrize(
        "filters",
        [
            {"item_ids": []},
            {"item_names": []},
            {"statuses": []},
            {"item_ids": [], "statuses": ["new"]},
            {"item_ids": ""},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("what", [("archive", "POST"), ("", "DELETE"), ("restore", "POST")], ids=str)
    def test_empty_lists_match_nothing(self, bench: Bench, filters: dict[str, Any], what: tuple[str, str]) -> None:
        bench.push("/a.png")
        assert bench.change(*what, **filters).json == {"affected_item_count": 0}
        assert bench.names("statuses=new") == ["a.png"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            None,
            {"filters": None},
            {"filters": {}},
            {"filters": []},
            {"filters": {"dataset_ids": ["{id}"]}},
            {"filters": {"dataset_ids": "all"}},
            {"filters": {"dataset_ids": ["{id}"], "colour": ["red"]}},
            {"filters": {"dataset_ids": ["{id}"], "item_ids": [None]}},
            {"filters": {"dataset_ids": ["{id}"], "item_ids": {"a": 1}}},
            {"filters": {"dataset_ids": ["{id}"], "item_ids": [True]}},
            {"filters": {"dataset_ids": ["{id}"], "statuses": ["nonsense"]}},
        ],
        ids=str,
    )
    @pytest.mark.parametrize(
        "what", [("archive", "POST"), ("", "DELETE"), ("path", "POST"), ("stage", "POST")], ids=str
    )
    def test_unclear_filters_change_nothing(self, bench: Bench, body: Any, what: tuple[str, str]) -> None:
        bench.push("/a.png")
        before = bench.list()
        sent = json.loads(json.dumps(body).replace('"{id}"', str(bench.id)))
        answer = bench.served.send(what[1], f"{ITEMS}/{what[0]}".rstrip("/"), sent)
        assert answer.status == 422, answer
        assert bench.list() == before

    def test_filters_that_need_a_listing(self, bench: Bench) -> None:
        bench.push("/a.png", "/x/a.png", "/b.png")
        found = bench.change("archive", item_names=["a.png"], item_paths=["/x"])
        assert found.json == {"affected_item_count": 1}
        assert [item["path"] for item in bench.list("statuses=archived")] == ["/x"]
        assert bench.change("archive", not_statuses=["archived"]).json == {"affected_item_count": 2}

    def test_move_priority_layout(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/b.png")
        chosen = {"item_ids": [ids["/a.png"]]}
        layout = {"version": 1, "type": "simple", "slots": ["0"]}
        assert bench.change("path", body={"path": "new/place"}, **chosen).json == {"affected_item_count": 1}
        assert bench.change("priority", body={"priority": 7}, **chosen).json == {"affected_item_count": 1}
        assert bench.change("layout", body={"layout": layout}, **chosen).json == {"affected_item_count": 1}
        (item,) = bench.list("item_names=a.png")
        assert (item["path"], item["priority"], item["layout"]) == ("/new/place", 7, layout)

    def test_move_onto_another(self, bench: Bench) -> None:
        ids = bench.push("/a.png", "/x/a.png")
        answer = bench.change("path", body={"path": "/x"}, item_ids=[ids["/a.png"]])
        assert (answer.status, answer.errors) == (422, {"name": ["has already been taken"]})

    @pytest.mark.parametrize(
        ("what", "body"),
        [
            ("path", {}),
            ("path", {"path": "/../x"}),
            ("path", {"path": 7}),
            ("priority", {"priority": "high"}),
            ("priority", {"priority": 10**30}),
            ("layout", {"layout": []}),
        ],
    )
    def test_bad_values(self, bench: Bench, what: str, body: dict[str, Any]) -> None:
        bench.push("/a.png")
        assert bench.change(what, body=body, item_names=["a.png"]).status == 422

    def test_stages(self, bench: Bench) -> None:
        bench.push("/a.png")
        (workflow,) = bench.served.get(f"datasets/{bench.id}")["workflow_ids"]
        stages = bench.served.get(f"v2/teams/acme/workflows/{workflow}")["stages"]
        by_type = {stage["type"]: stage["id"] for stage in stages}
        for kind, status in (("complete", 200), ("dataset", 200), ("annotate", 422), ("review", 422)):
            body = {"workflow_id": workflow, "stage_id": by_type[kind]}
            assert bench.change("stage", body=body, item_names=["a.png"]).status == status
        for body in (
            {"workflow_id": workflow},
            {"stage_id": by_type["complete"]},
            {"workflow_id": workflow, "stage_id": workflow},
            {"workflow_id": by_type["complete"], "stage_id": by_type["complete"]},
        ):
            assert bench.change("stage", body=body, item_names=["a.png"]).status == 422
        assert bench.list()[0]["workflow_data"] == {"workflow_id": workflow, "current_stage_id": by_type["dataset"]}

    def test_stage_of_another_dataset_moves_nothing(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png")
        other = served.post("datasets", {"name": f"{bench.slug} other"})
        (workflow,) = other["workflow_ids"]
        stages = served.get(f"v2/teams/acme/workflows/{workflow}")["stages"]
        body = {"workflow_id": workflow, "stage_id": stages[-1]["id"]}
        assert bench.change("stage", body=body, item_names=["a.png"]).json == {"affected_item_count": 0}
        assert bench.list()[0]["status"] == "new"


def leaf(subject: str, name: str, **values: Any) -> dict[str, Any]:
    return {"subject": subject, "matcher": {"name": name, **values}}


def group(conjunction: str, *filters: Any) -> dict[str, Any]:
    return {"conjunction": conjunction, "filters": list(filters)}


class TestAdvancedFilter:
    def search(self, bench: Bench, condition: Any, **more: Any) -> Any:
        body = {"dataset_ids": [bench.id], "filter": condition, **more}
        return bench.served.send("POST", "unstable/teams/acme/items/list", body)

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (None, ["a.png", "b.jpg", "c.mp4"]),
            (leaf("item_name", "any_of", values=["a.png", "x"]), ["a.png"]),
            (leaf("item_name", "none_of", values=["a.png"]), ["b.jpg", "c.mp4"]),
            (leaf("item_name", "prefix", value="b"), ["b.jpg"]),
            (leaf("item_name", "suffix", value=".mp4"), ["c.mp4"]),
            (leaf("item_name", "contains", value="."), ["a.png", "b.jpg", "c.mp4"]),
            (leaf("item_name", "not_contains", value="jp"), ["a.png", "c.mp4"]),
            (leaf("folder_path", "any_of", values=["/x"]), ["b.jpg"]),
            (leaf("folder_path", "prefix", value="/"), ["a.png", "b.jpg", "c.mp4"]),
            (leaf("file_type", "any_of", values=["video"]), ["c.mp4"]),
            (leaf("file_type", "all_of", values=["video", "image"]), []),
            (leaf("file_type", "none_of", values=["video"]), ["a.png", "b.jpg"]),
            (leaf("archived", "equals", value=True), ["b.jpg"]),
            (leaf("archived", "equals", value=False), ["a.png", "c.mp4"]),
            (leaf("created_at", "date_range", start="2020-01-01"), ["a.png", "b.jpg", "c.mp4"]),
            (leaf("updated_at", "date_range", end="2020-01-01T00:00:00Z"), []),
            (leaf("processing_status", "any_of", values=["complete"]), ["a.png", "b.jpg", "c.mp4"]),
            (leaf("workflow_status", "any_of", values=["new"]), ["a.png", "c.mp4"]),
            (leaf("workflow_stage", "any_of", values=["x"]), []),
            (leaf("id", "any_of", values=[]), []),
            (leaf("id", "none_of", values=[]), ["a.png", "b.jpg", "c.mp4"]),
            (
                group("or", leaf("item_name", "prefix", value="a"), leaf("item_name", "prefix", value="c")),
                ["a.png", "c.mp4"],
            ),
            (
                group("and", leaf("item_name", "contains", value="."), leaf("archived", "equals", value=True)),
                ["b.jpg"],
            ),
        ],
        ids=str,
    )
    def test_conditions(self, bench: Bench, condition: Any, expected: list[str]) -> None:
        bench.push("/a.png", "/x/b.jpg", "/c.mp4")
        bench.change("archive", item_names=["b.jpg"])
        found = self.search(bench, condition).json["items"]
        assert sorted(item["name"] for item in found) == expected

    @pytest.mark.parametrize(
        "condition",
        [
            [],
            {},
            leaf("annotation_class", "any_of", values=["1"]),
            leaf("assignee", "any_of", values=[1]),
            leaf("colour", "any_of", values=["red"]),
            leaf("archived", "any_of", values=["x"]),
            leaf("archived", "equals", value="yes"),
            leaf("item_name", "any_of", value="a"),
            leaf("item_name", "any_of", values=[1]),
            leaf("item_name", "prefix"),
            leaf("created_at", "date_range"),
            leaf("created_at", "date_range", start="yesterday"),
            group("and", leaf("id", "any_of", values=[])),
            group("xor", leaf("id", "any_of", values=[]), leaf("id", "any_of", values=[])),
            group("and", "x", "y"),
            {"conjunction": "and"},
        ],
        ids=str,
    )
    def test_refused(self, bench: Bench, condition: Any) -> None:
        assert self.search(bench, condition).status == 422

    def test_depth_and_size_are_limited(self, bench: Bench) -> None:
        one = leaf("id", "any_of", values=[])
        deep = one
        for _ in range(200):
            deep = group("and", deep, one)
        assert self.search(bench, deep).status == 422
        assert self.search(bench, group("or", *[one] * 1000)).status == 422

    def test_pages(self, bench: Bench) -> None:
        bench.push("/a.png", "/b.png", "/c.png")
        condition = leaf("item_name", "none_of", values=["b.png"])
        page = self.search(bench, condition, page={"offset": 1, "size": 1}).json
        assert [item["name"] for item in page["items"]] == ["c.png"]
        assert page["page"]["next"] is None
