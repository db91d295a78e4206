"""Leaderboard: results on one benchmark, the best first.

Equal scores share a rank and the next rank is counted on (1, 2, 2, 4). Scores that are not defined (NaN) come last,
all on one rank. Of several results of one model one stands for it: its best, or its latest.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from .artifact import ArtifactId
from .errors import InvalidInput
from .notebook import html_facts, html_table
from .results import AnyResults, Score

__all__ = ["Board", "Entry", "Keep", "Leaderboard", "Placed", "Ranking", "rank"]


class Keep(enum.StrEnum):
    """Which of the results of one model stand on a board."""

    BEST = "best"
    LATEST = "latest"
    ALL = "all"


@attrs.frozen
class Ranking:
    """What is better: `direction` is `max`, `min` or the value to come near to (reference: Polaris, section 10.1)."""

    metric: str
    direction: str | float = "max"

    def __attrs_post_init__(self) -> None:
        if isinstance(self.direction, str) and self.direction not in {"max", "min"}:
            raise InvalidInput(f"direction {self.direction!r}", "is not known", "Use 'max', 'min' or a number")

    def badness(self, value: float) -> float:
        """Order of a score: the lower the better; undefined ones last."""
        if math.isnan(value):
            return math.inf
        if self.direction == "max":
            return -value
        if self.direction == "min":
            return value
        return abs(value - float(self.direction))


@attrs.frozen(kw_only=True)
class Entry:
    """Results that stand for election, with the time they were published if it is known."""

    results: AnyResults
    published: dt.datetime | None = None

    @property
    def contender(self) -> ArtifactId | tuple[Any, ...]:
        """Who the results are of: the model, or without one the results themselves."""
        identity = self.results.meta.artifact_id
        return self.results.model or (("results", identity) if identity else ("object", id(self.results)))


@attrs.frozen(kw_only=True)
class Placed:
    """A place on a board."""

    rank: int
    score: Score
    entry: Entry


@attrs.frozen(kw_only=True)
class Board:
    """The places for one metric, test set and target."""

    ranking: Ranking
    test_set: str
    target: str
    places: tuple[Placed, ...]

    def _repr_html_(self) -> str:
        return _table(self)


@attrs.frozen(kw_only=True)
class Leaderboard:
    """One board per metric, test set and target that any result has; the main metric's boards come first."""

    subject: ArtifactId | None
    main_metric: str | None
    boards: tuple[Board, ...]

    def _repr_html_(self) -> str:
        boards = [board for board in self.boards if self.main_metric in {None, board.ranking.metric}]
        return "".join(map(_table, boards)) or html_facts(f"No results on {self.subject}", ())

    @classmethod
    def of(
        cls,
        entries: Iterable[Entry],
        rankings: Sequence[Ranking],
        *,
        subject: ArtifactId | None = None,
        main_metric: str | None = None,
        keep: Keep = Keep.BEST,
    ) -> Leaderboard:
        """Rank the entries by each metric of `rankings`.

        Raises:
            InvalidInput: an entry is a result on something else than `subject`.
        """
        listed = tuple(entries)
        for entry in listed:
            if subject is not None and entry.results.subject != subject:
                raise InvalidInput("results", f"are on {entry.results.subject}, not on {subject}")
        ordered = sorted(rankings, key=lambda ranking: ranking.metric != main_metric)
        boards: list[Board] = []
        for ranking in ordered:
            parts = {(s.test_set, s.target) for e in listed for s in e.results.scores if s.metric == ranking.metric}
            boards += [rank(listed, ranking, *part, keep=keep) for part in sorted(parts)]
        return cls(subject=subject, main_metric=main_metric, boards=tuple(boards))

    def board(
        self, metric: str | None = None, test_set: str | None = None, target: str | None = None
    ) -> Board | None:
        """The first board of that metric (None: the main one), test set and target; None if there is none."""
        wanted = (metric or self.main_metric, test_set, target)
        for board in self.boards:
            found = (board.ranking.metric, board.test_set, board.target)
            if all(want is None or want == have for want, have in zip(wanted, found, strict=True)):
                return board
        return None


def _table(board: Board) -> str:
    caption = f"{board.ranking.metric} of {board.target} on {board.test_set} (best: {board.ranking.direction})"
    places = board.places
    rows = ((one.rank, one.entry.results.meta.name, one.entry.results.model, one.score.value) for one in places)
    return html_table(caption, ("Rank", "Results", "Model", "Score"), rows)


def rank(entries: Iterable[Entry], ranking: Ranking, test_set: str, target: str, *, keep: Keep = Keep.BEST) -> Board:
    """Rank entries by one metric on one test set and target; those without such a score are left out."""
    scored = [
        (ranking.badness(score.value), entry, score)
        for entry in entries
        for score in entry.results.scores
        if score.key == (test_set, target, ranking.metric)
    ]
    scored = _kept(scored, keep)
    scored.sort(key=lambda found: (found[0], math.isnan(found[2].value), *_tie(found[1])))
    places: list[Placed] = []
    for number, (_, entry, score) in enumerate(scored, start=1):
        shared = places and _same(ranking, places[-1].score.value, score.value)
        places.append(Placed(rank=places[-1].rank if shared else number, score=score, entry=entry))
    return Board(ranking=ranking, test_set=test_set, target=target, places=tuple(places))


def _same(ranking: Ranking, one: float, other: float) -> bool:
    return math.isnan(one) == math.isnan(other) and ranking.badness(one) == ranking.badness(other)


def _moment(entry: Entry) -> float:
    return entry.published.timestamp() if entry.published else -math.inf


def _tie(entry: Entry) -> tuple[float, str]:
    """Of equals, who was first stands first; then by name, so that a board never depends on the order of entries."""
    first = entry.published.timestamp() if entry.published else math.inf
    return first, str(entry.results.meta.artifact_id or entry.results.meta.name or "")


def _kept(scored: list[tuple[float, Entry, Score]], keep: Keep) -> list[tuple[float, Entry, Score]]:
    if keep is Keep.ALL:
        return scored
    better: Callable[[tuple[float, Entry, Score]], Any] = (
        (lambda found: (found[0], math.isnan(found[2].value), *_tie(found[1])))
        if keep is Keep.BEST
        else (lambda found: (-_moment(found[1]), *_tie(found[1])))
    )
    chosen: dict[Any, tuple[float, Entry, Score]] = {}
    for found in scored:
        who = found[1].contender
        if who not in chosen or better(found) < better(chosen[who]):
            chosen[who] = found
    return list(chosen.values())
