"""Team, datasets, comments, workflows, reports and storages over HTTP."""

from __future__ import annotations

import csv
import io
import uuid
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from groundtruth.domain.access import Role
from groundtruth.domain.report import REPORT_COLUMNS
from groundtruth.domain.storage import ExternalStorage, Provider
from support.bench import ITEMS, Bench
from support.serving import Serving


class TestTeam:
    def test_token_info(self, served: Serving) -> None:
        assert served.get("users/token_info")["selected_team"]["slug"] == "acme"
        assert served.get("users/token_info", key=served.key("others"))["selected_team"]["slug"] == "others"

    def test_team(self, served: Serving, bench: Bench) -> None:
        team = served.get("teams/acme/")
        assert (team["slug"], team["name"]) == ("acme", "acme")
        assert bench.id in {dataset["id"] for dataset in team["datasets"]}
        assert team["id"] == served.get("users/token_info")["selected_team"]["id"]

    def test_memberships(self, served: Serving) -> None:
        served.key("readers", Role.ANNOTATOR)
        key, text = served.hub.create_key("readers", Role.MEMBER, "Ann")
        members = served.get("memberships", key=text)
        assert [(one["role"], one["first_name"]) for one in members] == [
            ("annotator", members[0]["first_name"]),
            ("member", "Ann"),
        ]
        served.hub.revoke_key(key.id)
        assert len(served.get("memberships", key=served.key("readers", Role.ANNOTATOR))) == 1

    def test_features(self, served: Serving) -> None:
        features = {one["name"]: one["enabled"] for one in served.get("teams/acme/features")}
        assert features["GROUNDTRUTH_NATIVE"] is True


class TestDatasets:
    def test_create_and_find(self, served: Serving, bench: Bench) -> None:
        record = served.post("datasets", {"name": f"My {bench.slug}"})
        assert record["slug"] == f"my-{bench.slug}"
        assert served.get(f"datasets/{record['id']}") == record
        assert served.get(f"acme/{record['slug']}") == record
        assert record in served.get("datasets")
        assert served.get(f"datasets?id={record['id']}") == [record]

    def test_name_is_taken(self, served: Serving, bench: Bench) -> None:
        answer = served.send("POST", "datasets", {"name": bench.slug})
        assert (answer.status, answer.json) == (422, {"errors": {"name": ["has already been taken"]}})

    @pytest.mark.parametrize("name", ["", "///", None, 7, {"a": 1}])
    def test_bad_names(self, served: Serving, name: Any) -> None:
        assert served.send("POST", "datasets", {"name": name}).status == 422

    def test_counts(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png", "/b.png")
        record = served.get(f"datasets/{bench.id}")
        assert (record["num_items"], record["progress"]) == (2, 0.0)

    def test_archive(self, served: Serving, bench: Bench) -> None:
        answer = served.send("PUT", f"datasets/{bench.id}/archive", {"team_slug": "acme"})
        assert (answer.json["id"], answer.json["archived"]) == (bench.id, True)
        assert served.send("GET", f"datasets/{bench.id}").status == 404
        assert served.send("PUT", f"datasets/{bench.id}/archive", {}).status == 404

    @pytest.mark.parametrize("dataset", ["x", "-1", "0", "99999999999999999999999", "%31%20", "1e3", "²"])
    def test_unknown(self, served: Serving, dataset: str) -> None:
        assert served.send("GET", f"datasets/{quote(dataset, safe='%')}").status == 404
        assert served.send("GET", f"acme/{quote(dataset, safe='%')}").status == 404


class TestWorkflows:
    def test_one_for_each_dataset(self, served: Serving, bench: Bench) -> None:
        (workflow_id,) = served.get(f"datasets/{bench.id}")["workflow_ids"]
        workflow = served.get(f"v2/teams/acme/workflows/{workflow_id}")
        assert workflow in served.get("v2/teams/acme/workflows?worker=false")
        assert workflow["dataset"]["id"] == bench.id
        assert [stage["type"] for stage in workflow["stages"]] == ["dataset", "annotate", "review", "complete"]
        ids = [stage["id"] for stage in workflow["stages"]]
        assert len({*ids, workflow_id}) == 5
        assert all(str(uuid.UUID(one)) == one for one in ids)
        edges = [edge for stage in workflow["stages"] for edge in stage["edges"]]
        assert [(one["source_stage_id"], one["target_stage_id"]) for one in edges] == list(pairwise(ids))

    def test_unknown(self, served: Serving) -> None:
        assert served.send("GET", f"v2/teams/acme/workflows/{uuid.uuid4()}").status == 404


class TestComments:
    def test_add_and_list(self, served: Serving, bench: Bench) -> None:
        item = bench.push("/a.png")["/a.png"]
        path = f"{ITEMS}/{item}/comment_threads"
        assert served.get(path) == {"comment_threads": []}
        box = {"x": 1.5, "y": 2, "w": 3, "h": 4}
        first = {"bounding_box": box, "comments": [{"body": "blurry"}], "slot_name": "0"}
        assert served.post(path, first)["id"]
        served.post(path, {"comments": [{"body": "über"}, {"body": "all"}]})
        threads = served.get(path)["comment_threads"]
        assert [one["comments"] for one in threads] == [[{"body": text}] for text in ("blurry", "über", "all")]
        assert (threads[0]["bounding_box"], threads[0]["slot_name"]) == (box, "0")
        assert len({one["id"] for one in threads}) == 3

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"comments": []},
            {"comments": [{}]},
            {"comments": [{"body": 7}]},
            {"comments": [{"body": "x"}], "bounding_box": []},
            {"comments": [{"body": "x"}], "bounding_box": {"x": "left"}},
            {"comments": [{"body": "x"}], "slot_name": 0},
            {"comments": [{"body": "x"}] * 1000},
        ],
        ids=lambda body: str(body)[:60],
    )
    def test_bad_bodies(self, served: Serving, bench: Bench, body: Any) -> None:
        item = bench.push("/a.png")["/a.png"]
        assert served.send("POST", f"{ITEMS}/{item}/comment_threads", body).status == 422
        assert served.get(f"{ITEMS}/{item}/comment_threads") == {"comment_threads": []}

    def test_unknown_item(self, served: Serving) -> None:
        body = {"comments": [{"body": "x"}]}
        assert served.send("POST", f"{ITEMS}/{uuid.uuid4()}/comment_threads", body).status == 404


REPORT = {
    "type": "annotator",
    "format": "csv",
    "start": "2020-01-01T00:00:00+00:00",
    "stop": "2100-01-01T00:00:00+00:00",
    "group_by": ["annotators", "datasets"],
    "metrics": ["active_time"],
}
JOBS = "v3/teams/acme/reports/jobs"


class TestReports:
    def test_without_rows(self, served: Serving, bench: Bench) -> None:
        job = served.post(JOBS, {**REPORT, "dataset_ids": [bench.id]})
        assert (job["status"], job["format"]) == ("finished", "csv")
        assert served.get(f"{JOBS}/{job['id']}") == job
        answer = served.send("GET", job["url"])
        assert (answer.status, answer.body) == (200, b"")
        assert served.send("GET", job["url"], key=None).status == 401
        assert served.send("GET", job["url"], key=served.key("others")).status == 404

    def test_with_rows(self, served: Serving, bench: Bench) -> None:
        item = bench.push("/a.png")["/a.png"]
        document = {
            "version": "2.0",
            "item": {"name": "a.png", "path": "/"},
            "annotations": [
                {
                    "name": "car, red",
                    "slot_names": ["0"],
                    "bounding_box": {"x": 1, "y": 2, "w": 3, "h": 4},
                    "annotators": [{"email": "ann@example.com", "full_name": 'Ann "A", Annotator'}],
                }
            ],
        }
        imported = served.send("POST", f"{ITEMS}/{item}/import", {"overwrite": "true", "document": document})
        assert imported.status == 200, imported
        job = served.post(JOBS, {**REPORT, "dataset_ids": [bench.id]})
        answer = served.send("GET", job["url"])
        assert answer.headers["content-type"].startswith("text/csv")
        (row,) = csv.DictReader(io.StringIO(answer.body.decode()))
        assert tuple(row)[: len(REPORT_COLUMNS)] == REPORT_COLUMNS
        assert (row["actor_email"], row["dataset_slug"]) == ("ann@example.com", bench.slug)

    @pytest.mark.parametrize(
        "change",
        [
            {"start": None},
            {"start": "yesterday"},
            {"start": "2026-01-01T00:00:00"},
            {"start": "2101-01-01T00:00:00Z"},
            {"group_by": []},
            {"group_by": ["colours"]},
            {"group_by": [[]]},
            {"group_by": None},
            {"dataset_ids": "all"},
            {"dataset_ids": ["x"]},
            {"type": "other"},
            {"format": "xlsx"},
        ],
        ids=str,
    )
    def test_bad_queries(self, served: Serving, change: dict[str, Any]) -> None:
        assert served.send("POST", JOBS, {**REPORT, **change}).status == 422

    def test_dataset_of_another_team(self, served: Serving, bench: Bench) -> None:
        path = JOBS.replace("acme", "others")
        assert served.send("POST", path, {**REPORT, "dataset_ids": [bench.id]}).status == 404

    @pytest.mark.parametrize("job", ["x", "e30", "bnVsbA", "WzFd", "%00", "AA", "a" * 500])
    def test_unknown_job(self, served: Serving, job: str) -> None:
        assert served.send("GET", f"{JOBS}/{job}").status == 404
        assert served.send("GET", f"{JOBS}/{job}/csv").status == 404


class TestStorages:
    @pytest.fixture(autouse=True)
    def storages(self, served: Serving) -> None:
        one = ExternalStorage("bucket", Provider.AWS, "my-bucket", "pre", "eu-west-1", default=True)
        served.hub.add_storage("acme", one)
        served.hub.add_storage("acme", ExternalStorage("archive", Provider.GCP, "old", readonly=True))

    def test_list(self, served: Serving) -> None:
        archive, bucket = served.get("teams/acme/storage")
        expected = {"name": "bucket", "prefix": "pre", "readonly": False, "provider": "aws", "default": True}
        assert bucket == {**expected, "bucket": "my-bucket", "region": "eu-west-1"}
        assert (archive["readonly"], "region" in archive) == (True, False)
        assert served.get("teams/others/storage") == []

    def test_register(self, served: Serving, bench: Bench) -> None:
        items = [
            {"type": "image", "name": "a.jpg", "path": "/", "storage_key": "pre/raw/a.jpg"},
            {"type": "video", "name": "b.mp4", "path": "/raw", "storage_key": "pre/raw/b.mp4", "fps": 5},
            {
                "name": "pair",
                "path": "/",
                "slots": [
                    {
                        "slot_name": "l",
                        "file_name": "l.dcm",
                        "type": "dicom",
                        "storage_key": "pre/l.dcm",
                        "extract_views": "true",
                    },
                    {"slot_name": "r", "file_name": "r.dcm", "type": "dicom", "storage_key": "pre/r.dcm"},
                ],
            },
        ]
        body = {"dataset_slug": bench.slug, "storage_slug": "bucket", "items": items}
        answer = served.post(f"{ITEMS}/register_existing", body)
        assert [(one["name"], one["path"]) for one in answer["items"]] == [
            ("a.jpg", "/"),
            ("b.mp4", "/raw"),
            ("pair", "/"),
        ]
        assert [slot["slot_name"] for slot in answer["items"][2]["slots"]] == ["l", "r"]
        again = served.post(f"{ITEMS}/register_existing", body)
        assert again["items"] == []
        assert {slot["reason"] for one in again["blocked_items"] for slot in one["slots"]} == {"ALREADY_EXISTS"}
        assert sorted(bench.names()) == ["a.jpg", "b.mp4", "pair"]
        assert all(slot["is_external"] for item in bench.list() for slot in item["slots"])

    def test_register_readonly(self, served: Serving, bench: Bench) -> None:
        section = {
            "section_index": 1,
            "width": 4,
            "height": 3,
            "storage_hq_key": "h/1.png",
            "storage_lq_key": "l/1.png",
        }
        items = [
            {
                "type": "image",
                "storage_key": "a.jpg",
                "storage_thumbnail_key": "t.jpg",
                "width": 10,
                "height": 20,
                "name": "a.jpg",
                "path": "/",
            },
            {"type": "video", "storage_key": "b.mp4", "name": "b.mp4", "path": "/", "sections": [section]},
        ]
        body = {"dataset_slug": bench.slug, "storage_slug": "archive", "items": items}
        answer = served.post(f"{ITEMS}/register_existing_readonly", body)
        assert len(answer["items"]) == 2
        assert bench.list("item_names=a.jpg")[0]["slots"][0]["metadata"]["width"] == 10

    @pytest.mark.parametrize(
        ("path", "change", "status"),
        [
            ("register_existing", {"storage_slug": "archive"}, 422),
            ("register_existing_readonly", {"storage_slug": "bucket"}, 422),
            ("register_existing", {"storage_slug": "nowhere"}, 404),
            ("register_existing", {"dataset_slug": "nowhere"}, 404),
            ("register_existing", {"items": None}, 422),
            ("register_existing", {"items": [{"name": "a"}]}, 422),
            ("register_existing", {"items": [{"name": "a", "storage_key": "/etc/passwd"}]}, 422),
            ("register_existing", {"items": [{"name": "a", "storage_key": "a/../../b"}]}, 422),
            ("register_existing", {"items": [{"name": "a", "storage_key": "a", "width": -1}]}, 422),
            ("register_existing", {"items": [{"name": "a", "storage_key": "a", "width": 10**30}]}, 422),
            ("register_existing", {"items": [{"name": "a", "storage_key": "a", "sections": [{}]}]}, 422),
            ("register_existing", {"items": [{"name": "a", "storage_key": "a", "hls_segments": 1}]}, 422),
        ],
        ids=str,
    )
    def test_refused(self, served: Serving, bench: Bench, path: str, change: dict[str, Any], status: int) -> None:
        body = {"dataset_slug": bench.slug, "storage_slug": "bucket", "items": [], **change}
        assert served.send("POST", f"{ITEMS}/{path}", body).status == status
