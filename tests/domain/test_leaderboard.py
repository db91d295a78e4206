from __future__ import annotations

import datetime as dt
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.artifact import ArtifactId, ArtifactMeta, Owner
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.leaderboard import Entry, Keep, Leaderboard, Ranking, rank
from groundtruth.domain.results import BenchmarkResultsV1, Score

BENCH = ArtifactId("test-org", "bench")
UP, DOWN, ONE = Ranking("r2", "max"), Ranking("r2", "min"), Ranking("r2", 1.0)


def entry(name: str, value: float, model: str | None = None, day: int | None = None, **others: float) -> Entry:
    scores = [Score("test", "y", "r2", value), *(Score("test", "y", metric, v) for metric, v in others.items())]
    results = BenchmarkResultsV1(
        benchmark=BENCH,
        scores=scores,
        meta=ArtifactMeta(name=name, owner=Owner("some-user")),
        model=model and ArtifactId("some-user", model),
    )
    return Entry(results=results, published=day and dt.datetime(2025, 1, day, tzinfo=dt.UTC))


def order(entries: list[Entry], ranking: Ranking = UP, keep: Keep = Keep.BEST) -> list[tuple[int, str | None]]:
    return [(p.rank, p.entry.results.meta.name) for p in rank(entries, ranking, "test", "y", keep=keep).places]


def test_ties_share_a_rank_and_undefined_scores_come_last() -> None:
    entries = [
        entry("undefined_1", math.nan), entry("lowest", 0.1), entry("tied_late", 0.5, day=2),
        entry("endless", -math.inf), entry("tied_early", 0.5, day=1), entry("topmost", 0.9),
        entry("undefined_0", math.nan),
    ]  # fmt: skip
    assert order(entries) == [
        (1, "topmost"), (2, "tied_early"), (2, "tied_late"), (4, "lowest"), (5, "endless"), (6, "undefined_0"),
        (6, "undefined_1"),
    ]  # fmt: skip


def test_directions() -> None:
    entries = [entry("half", 0.5), entry("near", 1.1), entry("twice", 2.0), entry("as_near", 0.9)]
    assert [name for _, name in order(entries, DOWN)] == ["half", "as_near", "near", "twice"]
    assert [name for _, name in order(entries, UP)] == ["twice", "near", "as_near", "half"]
    assert [name for _, name in order(entries, ONE)][2:] == ["half", "twice"]
    endless = [entry("undefined", math.nan), entry("endless", math.inf)]
    assert order(endless, DOWN) == [(1, "endless"), (2, "undefined")]
    with pytest.raises(InvalidInput, match="direction"):
        Ranking("r2", "upwards")


def test_one_result_stands_for_a_model() -> None:
    entries = [
        entry("first", 0.5, "model-a", 1), entry("best", 0.9, "model-a", 2), entry("latest", 0.7, "model-a", 3),
        entry("other", 0.8, "model-b", 1), entry("nobody_1", 0.6), entry("nobody_2", 0.6),
        entry("gone", math.nan, "model-b", 2),
    ]  # fmt: skip
    assert [name for _, name in order(entries)] == ["best", "other", "nobody_1", "nobody_2"]
    assert [name for _, name in order(entries, keep=Keep.LATEST)] == ["latest", "nobody_1", "nobody_2", "gone"]
    assert len(order(entries, keep=Keep.ALL)) == 7


def test_boards_of_all_metrics_the_main_one_first() -> None:
    entries = [entry("aaaa", 0.5, mae=2.0), entry("bbbb", 0.6, mae=1.0), entry("cccc", 0.7)]
    board = Leaderboard.of(entries, [Ranking("mae", "min"), UP], subject=BENCH, main_metric="r2")
    assert [one.ranking.metric for one in board.boards] == ["r2", "mae"]
    main, other = board.board(), board.board("mae", "test", "y")
    assert main is not None and [p.entry.results.meta.name for p in main.places] == ["cccc", "bbbb", "aaaa"]
    assert other is not None and [p.score.value for p in other.places] == [1.0, 2.0]
    assert board.board("mae", target="z") is None
    assert Leaderboard.of([], [UP], subject=BENCH).boards == ()
    with pytest.raises(InvalidInput, match="not on test-org/other"):
        Leaderboard.of(entries, [UP], subject=ArtifactId("test-org", "other"))


scores = st.lists(st.sampled_from([math.nan, -math.inf, math.inf, 0.0, 0.5, 1.0, 1.5]), max_size=8)


@given(scores, st.sampled_from([UP, DOWN, ONE]), st.randoms())
def test_ranks_follow_from_the_scores_alone(values: list[float], ranking: Ranking, shuffle: random.Random) -> None:
    entries = [entry(f"name-{i}", value) for i, value in enumerate(values)]
    places = rank(entries, ranking, "test", "y").places
    for place in places:
        better = sum(
            (ranking.badness(v), math.isnan(v)) < (ranking.badness(place.score.value), math.isnan(place.score.value))
            for v in values
        )
        assert place.rank == better + 1
    shuffle.shuffle(entries)
    assert rank(entries, ranking, "test", "y").places == places
