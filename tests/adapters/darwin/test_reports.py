"""Reports: a job is begun, waited for and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from groundtruth.adapters.darwin.reports import DarwinReports
from groundtruth.domain.errors import Conflict, IntegrityError, Unavailable
from groundtruth.domain.report import Grouping, ReportQuery
from support.fake_hub import HUB, KEY, FakeHub
from support.fake_web import Reply, Sent

JOBS = "v3/teams/acme/reports/jobs"
QUERY = ReportQuery(
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 31, 2, tzinfo=timezone(timedelta(hours=2))),
    (Grouping.ANNOTATORS, Grouping.STAGES),
    (7,),
)
CSV = "https://files.example/report.csv?signature=s3cret"


def job(status: str, url: str | None = None) -> dict[str, Any]:
    return {"id": "j1", "status": status, "format": "csv", "url": url, "team_id": 2}


def hub_with(text: bytes, url: str = CSV) -> FakeHub:
    where = f"GET {url.partition('?')[0]}".replace(f"{HUB}/api/", "")
    return FakeHub({f"POST {JOBS}": job("finished", url), where: Reply(200, text)})


def rows(hub: FakeHub, query: ReportQuery = QUERY) -> list[dict[str, str]]:
    return list(DarwinReports(hub.api(), hub.clock).annotator_report("acme", query))


def test_report_is_asked_for_as_darwin_expects_it() -> None:
    hub = hub_with(b"")
    assert rows(hub) == []
    assert hub.web.sent[0].json == {
        "type": "annotator", "format": "csv", "dataset_ids": [7], "group_by": ["annotators", "stages"],
        "start": "2026-01-01T00:00:00+00:00", "stop": "2026-01-31T00:00:00+00:00",
        "metrics": ["active_time", "total_annotations", "total_items_annotated", "time_per_item",
                    "time_per_annotation", "review_pass_rate"],
    }  # fmt: skip


def test_rows_by_column() -> None:
    text = '\ufefftimestamp,actor_full_name,active_time\r\n2026-01-01,"Doe, ""Jo""\nJr.",5\r\n\r\n2026-01-02,Ann\r\n'
    assert rows(hub_with(text.encode())) == [
        {"timestamp": "2026-01-01", "actor_full_name": 'Doe, "Jo"\nJr.', "active_time": "5"},
        {"timestamp": "2026-01-02", "actor_full_name": "Ann", "active_time": ""},
    ]


@pytest.mark.parametrize("text", [b"a,b\n\xff,2\n", b'a,b\n"1,2\n'])
def test_report_that_is_no_csv(text: bytes) -> None:
    with pytest.raises(IntegrityError):
        rows(hub_with(text))


def test_without_datasets_all_are_named() -> None:
    hub = hub_with(b"a\n1\n")
    hub.answers["GET datasets"] = [{"id": 3, "name": "x"}, {"id": 9}]
    query = ReportQuery(QUERY.start, QUERY.stop, QUERY.group_by)
    assert rows(hub, query) == [{"a": "1"}]
    assert next(sent for sent in hub.web.sent if sent.method == "POST").json["dataset_ids"] == [3, 9]
    assert rows(FakeHub({"GET datasets": []}), query) == []


def test_waiting_grows() -> None:
    statuses = iter(["pending"] + ["running"] * 10)

    def state(sent: Sent) -> Any:
        status = next(statuses, None)
        return job(status) if status else job("finished", CSV)

    hub = hub_with(b"")
    hub.answers |= {f"POST {JOBS}": state, f"GET {JOBS}/j1": state}
    assert rows(hub) == []
    assert hub.clock.sleeps == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_report_that_fails_or_never_comes() -> None:
    with pytest.raises(Conflict, match="could not be made"):
        rows(FakeHub({f"POST {JOBS}": job("pending"), f"GET {JOBS}/j1": job("failed")}))
    hub = FakeHub({f"POST {JOBS}": job("pending"), f"GET {JOBS}/j1": job("running")})
    with pytest.raises(Unavailable, match="2 hours"):
        rows(hub)
    assert 7200 <= sum(hub.clock.sleeps) < 7600


@pytest.mark.parametrize(("url", "keyed"), [(CSV, False), (f"{HUB}/api/reports/1.csv", True)])
def test_key_goes_to_the_hub_only(url: str, keyed: bool) -> None:
    hub = hub_with(b"a\n1\n", url)
    assert rows(hub) == [{"a": "1"}]
    assert hub.web.sent[-1].headers.get("Authorization") == (f"ApiKey {KEY}" if keyed else None)


def test_nothing_is_asked_before_the_first_row_is() -> None:
    hub = FakeHub()
    DarwinReports(hub.api(), hub.clock).annotator_report("acme", QUERY)
    assert hub.web.sent == []
