from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.domain.artifact import ArtifactId, ArtifactMeta
from groundtruth.domain.benchmark import TaskType
from groundtruth.domain.benchmark_split import SplitV1
from groundtruth.domain.columns import object_array
from groundtruth.domain.competition import SubmissionLimits
from groundtruth.domain.errors import (
    GroundtruthError,
    HiddenTargets,
    InvalidBenchmark,
    InvalidCompetition,
    InvalidInput,
    InvalidPredictions,
    SubmissionRefused,
)
from groundtruth.domain.evaluation import evaluate_submission
from groundtruth.domain.metrics.spec import MetricSpec
from groundtruth.domain.provenance import Provenance
from groundtruth.domain.results import CompetitionResults
from support.reach import pickled, secrets_reached
from support.tasks import END, START, competition, submission, table

NOON = dt.datetime(2025, 1, 10, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def test_what_a_competition_says_of_itself() -> None:
    one = competition()
    assert (str(one.artifact_id), one.urn) == ("test-org/comp-1", "urn:polaris:competition:test-org:comp-1")
    assert one.task_type is TaskType.MULTI_TASK and one.n_train_datapoints == 4
    assert (one.test_set_labels, list(one.test_set_sizes)) == (("far", "near"), ["near", "far"])
    train, tests = one.get_train_test_split()
    assert isinstance(tests, dict) and list(train.y["y"]) == [1, 2, 3, 4]
    with pytest.raises(HiddenTargets):
        _ = tests["far"].y
    alone = competition(split=SplitV1.of([0], [1, 2])).get_train_test_split(lambda x: x + 1)[1]
    assert not isinstance(alone, dict) and list(alone.X) == [2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"end_time": START}, {"start_time": START.replace(tzinfo=None)}, {"target_cols": []}, {"input_cols": "no"},
        {"target_types": {"x": "regression"}}, {"n_classes": {"x": 2}}, {"main_metric": "r2"}, {"main_metric": None},
        {"metrics": [MetricSpec("r2"), MetricSpec("r2", None, "other")], "main_metric": "r2"},
        {"split": SplitV1.of([0], [10])},
    ],
)  # fmt: skip
def test_what_is_no_competition(wrong: dict[str, Any]) -> None:
    with pytest.raises((InvalidCompetition, InvalidBenchmark)):
        competition(**wrong)


def test_metrics_may_be_the_secret_of_the_hub() -> None:
    assert competition(metrics=[], main_metric=None).metrics == ()


# --- what participants get --------------------------------------------------------------------------


def labelled() -> tuple[Any, np.ndarray]:
    """A competition whose labels occur nowhere else, and the labels of its test rows."""
    labels = np.random.default_rng(1).normal(size=12)
    texts = object_array(f"label-{i}" for i in range(12))
    columns = {
        "x": np.arange(12.0), "y": labels, "z": np.arange(12) + 1000, "t": texts,
        "v": np.random.default_rng(2).normal(size=(12, 3)),
    }  # fmt: skip
    split = SplitV1.of([0, 1, 2], {"a": [3, 4, 5], "b": [5, 6, 7]})
    return competition(dataset=table(columns, 2), target_cols=["y", "z", "t", "v"], split=split, n_classes={}), labels


def test_participants_reach_no_label_of_a_test_row() -> None:
    held, labels = labelled()
    public = held.public()
    secret = labels[3:8]
    texts = np.array([f"label-{i}" for i in range(3, 8)])
    assert secrets_reached(held, secret) and secrets_reached(held, texts)  # the search does find them where they are
    for one in (public, public.dataset, public.get_train_test_split(), public.dataset.columns.project(["y"])):
        assert not secrets_reached(one, secret) and not secrets_reached(one, texts)
        assert not secrets_reached(one, np.arange(1003, 1008))
    data = pickled(public)
    assert not any(value.tobytes() in data for value in secret) and b"label-3" not in data and b"label-2" in data
    again = pickle.loads(data)
    assert np.isnan(again.dataset.columns.read("y", slice(3, 8))).all()
    assert "label" not in repr(public) and (public.dataset.md5sum, public.dataset.zarr_root) == (None, None)


def test_what_stays_is_as_it_was() -> None:
    held, labels = labelled()
    public = held.public().dataset
    assert public.column_names == held.dataset.column_names and public.dtypes == held.dataset.dtypes
    kept = [0, 1, 2, 8, 9, 10, 11]
    assert public.columns.read("y", np.array(kept)).tolist() == labels[kept].tolist()
    assert [public.columns.row(name, 4) for name in ("x", "z", "t")] == [4.0, 0, None]
    assert np.isnan(public.columns.row("v", 4)).all() and public.columns.read("v", slice(0, 2)).shape == (2, 3)
    assert len(public) == 12 and public.columns.labels is None
    assert held.public().public().dataset.columns.read("t", slice(8, 10)).tolist() == ["label-8", "label-9"]


# --- submissions ------------------------------------------------------------------------------------


def test_submissions_are_taken_while_the_competition_is_open() -> None:
    one = competition()
    one.check_submission(submission(one), START)
    for moment, reason in [(START - HOUR, "not begun"), (END, "over"), (END + HOUR, "over")]:
        with pytest.raises(SubmissionRefused, match=reason) as caught:
            one.check_submission(submission(one), moment)
        assert bool(caught.value.until) == (moment < START)


def test_limits_are_those_of_one_owner() -> None:
    one = competition(limits=SubmissionLimits(per_day=2, total=3))
    yesterday = NOON - 24 * HOUR
    one.check_submission(submission(one), NOON, [NOON - HOUR, yesterday])
    with pytest.raises(SubmissionRefused, match="2 are allowed a day") as caught:
        one.check_submission(submission(one), NOON, [NOON - HOUR, NOON - 2 * HOUR])
    assert caught.value.until == "2025-01-11T00:00:00+00:00"
    with pytest.raises(SubmissionRefused, match="3 are allowed in all"):
        one.check_submission(submission(one), NOON, [yesterday] * 3)
    # The day is that of UTC, whatever the clock of the submission says.
    late = dt.datetime(2025, 1, 11, 1, tzinfo=dt.timezone(3 * HOUR))
    with pytest.raises(SubmissionRefused):
        one.check_submission(submission(one), late, [NOON, NOON])
    for wrong in ({"per_day": 0}, {"total": -1}):
        with pytest.raises(InvalidCompetition):
            SubmissionLimits(**wrong)


def test_submissions_that_fit_another_task() -> None:
    one = competition()
    with pytest.raises(InvalidPredictions, match="test-org/other, not for test-org/comp-1"):
        one.check_submission(submission(one, competition=ArtifactId("test-org", "other")), NOON)
    other = competition(target_cols=["y"], n_classes={})
    foreign = submission(other, {"near": [1, 2, 3], "far": [1, 2, 3]})
    with pytest.raises(InvalidPredictions, match="'z'"):
        one.check_submission(foreign, NOON)


@pytest.mark.parametrize("wrong", [{"report_url": "ftp://x"}, {"code_url": "x"}, {"contributors": ["no blanks"]}])
def test_submissions_with_wrong_credits(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        submission(competition(), **wrong)


def test_scores_of_a_submission() -> None:
    one = competition()
    sent = submission(one, contributors=["some_User"], code_url="https://example.org/code")
    results = evaluate_submission(one, sent, provenance=Provenance(dataset_checksum="d", benchmark_checksum="b"))
    assert isinstance(results, CompetitionResults) and results.subject == one.artifact_id
    assert {str(score): score.value for score in results.scores} == {
        "far/y/mean_absolute_error": 0, "far/z/mean_absolute_error": 1 / 3,
        "near/y/mean_absolute_error": 1 / 3, "near/z/mean_absolute_error": 0,
    }  # fmt: skip
    assert (results.contributors, results.code_url, results.report_url) == (
        ("some_User",), sent.code_url, sent.report_url,
    )  # fmt: skip
    # From the checksum of a table whose labels alone are unknown, few labels could be guessed.
    assert results.evidence is not None and (results.evidence.dataset, results.evidence.benchmark) == (None, None)
    assert results.meta == sent.meta and sent.urn == "urn:polaris:competition-prediction:some-user:pred-1"
    with pytest.raises(InvalidBenchmark, match="no owner"):
        evaluate_submission(attrs.evolve(one, meta=ArtifactMeta(name="comp_1")), sent)
    with pytest.raises(GroundtruthError, match="no metric"):
        evaluate_submission(competition(metrics=[], main_metric=None), sent)
