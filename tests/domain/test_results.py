from __future__ import annotations

import math

import attrs
import pytest

from groundtruth.domain.artifact import ArtifactId, ArtifactMeta, Owner
from groundtruth.domain.errors import GroundtruthError, InvalidName, InvalidResult
from groundtruth.domain.results import (
    BenchmarkResultsV1,
    BenchmarkResultsV2,
    CompetitionResults,
    Interval,
    Score,
    scores_from_records,
    scores_from_table,
)

BENCH = ArtifactId("test-org", "bench")
SCORES = (
    Score("b", "y", "r2", 1),
    Score("a", "z", "r2", 2),
    Score("a", "y", "mae", 3),
    Score("a", "y", "r2", math.nan),
)


def test_records_are_sorted_and_tables_are_not() -> None:
    results = BenchmarkResultsV1(benchmark=BENCH, scores=SCORES)
    assert [(one.test_set, one.target, list(one.scores)) for one in results.records()] == [
        ("a", "y", ["mae", "r2"]), ("a", "z", ["r2"]), ("b", "y", ["r2"]),
    ]  # fmt: skip
    table = results.table()
    assert table[0] == {"Test set": "b", "Target label": "y", "Metric": "r2", "Score": 1.0}
    assert repr(scores_from_table(table)) == repr(SCORES)
    assert {str(s) for s in scores_from_records(results.records())} == {str(s) for s in SCORES}
    assert results.score("mae", "a", "y").value == 3
    with pytest.raises(InvalidResult, match="b/y/mae"):
        results.score("mae", "b", "y")


def test_data_frame() -> None:
    pytest.importorskip("pandas")
    frame = BenchmarkResultsV1(benchmark=BENCH, scores=SCORES).as_dataframe()
    assert list(frame.columns) == ["Test set", "Target label", "Metric", "Score"] and len(frame) == 4


@pytest.mark.parametrize(
    ("scores", "reason"),
    [((), "no score"), ((Score("a", "y", "r2", 1), Score("a", "y", "r2", 1)), "two scores for 'a/y/r2'")],
)
def test_scores_that_are_none(scores: tuple[Score, ...], reason: str) -> None:
    with pytest.raises(InvalidResult, match=reason):
        BenchmarkResultsV1(benchmark=BENCH, scores=scores)


@pytest.mark.parametrize(
    "row", [{"Test set": "a"}, {"Test set": "a", "Target label": "y", "Metric": "m", "Score": "x"}]
)
def test_tables_that_are_none(row: dict[str, str]) -> None:
    with pytest.raises(InvalidResult):
        scores_from_table([row])


def test_names_are_checked_whenever_they_are_given() -> None:
    results = BenchmarkResultsV1(benchmark=BENCH, scores=SCORES)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        results.meta = ArtifactMeta()  # type: ignore[misc]
    with pytest.raises(InvalidName):
        results.with_meta(name="no blanks")
    named = results.with_meta(name="Some_Name", owner=Owner("some-user"))
    assert (str(named.meta.artifact_id), named.urn) == (
        "some-user/some-name",
        "urn:polaris:result:some-user:some-name",
    )
    for field, value in (("code_url", "ftp://x"), ("report_url", "x"), ("contributors", ["a b"])):
        with pytest.raises(GroundtruthError):
            attrs.evolve(results, **{field: value})


def test_subjects() -> None:
    old = BenchmarkResultsV2(scores=SCORES, benchmark_name="Some_Bench", benchmark_owner=Owner("test-org"))
    assert str(old.subject) == "test-org/some-bench"
    assert BenchmarkResultsV1(scores=SCORES, benchmark_name="Some_Bench").subject is None
    competition = CompetitionResults(scores=SCORES, competition_name="Comp_1", competition_owner=Owner("test-org"))
    assert str(competition.subject) == "test-org/comp-1"
    assert not isinstance(old, BenchmarkResultsV1)


def test_a_score_may_have_an_interval_and_parts() -> None:
    score = Score("a", "y", "r2", 1, Interval(0.5, 1.5), {"class:1": 0.5})
    assert (score.interval, score.parts, score.key) == (Interval(0.5, 1.5, 0.95), {"class:1": 0.5}, ("a", "y", "r2"))
    assert hash(score) == hash(attrs.evolve(score))
