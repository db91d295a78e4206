"""Contract of `ports.benchmarks.CompetitionDesk` and `CompetitionOffice`."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pytest

from ..domain.array_dataset import ArrayDataset
from ..domain.artifact import ArtifactId, ArtifactKind
from ..domain.competition import Competition, SubmissionLimits
from ..domain.errors import (
    AccessDenied,
    Conflict,
    DigestMismatch,
    InvalidPredictions,
    NameTaken,
    NotFound,
    SubmissionRefused,
)
from ..domain.policies import Access, ChecksumStrategy
from ..domain.publication import Publication
from ..ports.benchmarks import ServableBenchmarkHub as Hub
from .benchmark_scenario import (
    ACTOR,
    LABEL,
    OTHER,
    PRIVATE,
    PUBLIC,
    REPLACE,
    SKIP,
    BenchmarkHubScenario,
    competition,
    same_rows,
    submission,
)

CHALLENGE = ArtifactId(ACTOR, "challenge")


def reachable(value: object) -> list[object]:
    """Everything that can be reached from a value by attributes, items and what functions close over."""
    seen: dict[int, object] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, str, bytes, int, float, bool, type(None))):
            continue
        seen[id(one)] = one
        waiting += _parts(one)
    return list(seen.values())


def _parts(one: object) -> list[object]:
    parts: list[object] = []
    if isinstance(one, dict):
        parts += [*one.keys(), *one.values()]
    elif isinstance(one, (list, tuple, set, frozenset)):
        parts += one
    elif type(one).__module__.partition(".")[0] in {"numpy", "sys"}:
        return parts
    parts += getattr(one, "__dict__", {}).values() if isinstance(getattr(one, "__dict__", None), dict) else ()
    for cls in type(one).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        parts += [
            getattr(one, name) for name in names if name not in {"__weakref__", "__dict__"} and hasattr(one, name)
        ]
    for cell in getattr(one, "__closure__", None) or ():
        parts.append(cell.cell_contents)
    parts += [getattr(one, name) for name in ("__self__", "__func__", "func", "args") if hasattr(one, name)]
    return parts


def holds_label(values: Any, lowest: float) -> bool:
    """True if a number among `values` is the label of a test row."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        return False
    numbers = array.astype(float, copy=False).ravel()
    return bool(((numbers >= lowest) & (numbers % LABEL == 0)).any())


class CompetitionContract(BenchmarkHubScenario):
    """What every hub does that holds competitions."""

    @pytest.fixture
    def given(self, pictures: ArrayDataset, now: datetime) -> Competition:
        """A competition with its labels."""
        return competition(pictures, now)

    @pytest.fixture
    def held(self, hub: Hub, given: Competition) -> Competition:
        """The same on the hub, as participants see it."""
        return hub.get_competition(hub.put_competition(given, PUBLIC).id)

    # --- who sees what ------------------------------------------------------------------------------

    def test_participants_get_all_but_the_labels(self, hub: Hub, other: Hub, nobody: Hub, given: Competition) -> None:
        receipt = hub.put_competition(given, PUBLIC)
        assert (receipt.id, receipt.written) == (CHALLENGE, True)
        for asker in (hub, other, nobody):
            assert asker.list_competitions().items == (CHALLENGE,)
            got = asker.get_competition(CHALLENGE, ChecksumStrategy.VERIFY)
            assert got.artifact_id == CHALLENGE
            assert (got.target_cols, got.input_cols, got.main_metric) == (("y",), ("picture",), given.main_metric)
            assert (got.split, got.metrics, got.target_types) == (given.split, given.metrics, given.target_types)
            assert (got.start_time, got.end_time) == (given.start_time, given.end_time)
            train, test = got.get_train_test_split()
            assert isinstance(test, dict)
            assert list(train.y) == given.dataset.columns.read("y", given.split.train).tolist()
            assert np.array(test["late"].X).tolist() == [
                given.dataset.columns.row("picture", row).tolist() for row in range(35, 40)
            ]

    def test_no_label_is_reachable(self, other: Hub, held: Competition, given: Competition) -> None:
        got = other.get_competition(CHALLENGE)
        lowest = LABEL * len(given.split.train)
        for rows in given.split.tests.values():
            assert holds_label(given.dataset.columns.read("y", rows), lowest)
            assert not holds_label(got.dataset.columns.read("y", rows), lowest)
            assert not any(holds_label(got.dataset[int(row)]["y"], lowest) for row in rows)
        assert not holds_label(got.dataset.load_to_memory().columns.read("y", slice(None)), lowest)
        for one in (got, copy.deepcopy(got), pickle.loads(pickle.dumps(got))):  # noqa: S301
            arrays = [value for value in reachable(one) if isinstance(value, np.ndarray)]
            assert not any(holds_label(array, lowest) for array in arrays)
        assert str(int(LABEL * 25)) not in repr(got) + repr(got.dataset) + repr(got.get_train_test_split())

    def test_owner_gets_the_labels(self, hub: Hub, other: Hub, nobody: Hub, given: Competition) -> None:
        hub.put_competition(given, PUBLIC)
        assert same_rows(hub.labelled_competition(CHALLENGE).dataset, given.dataset)
        for asker in (other, nobody):
            with pytest.raises(AccessDenied):
                asker.labelled_competition(CHALLENGE)
        with pytest.raises(NotFound):
            hub.labelled_competition(ArtifactId(ACTOR, "no-such"))

    def test_private_competition_is_for_its_owner(self, hub: Hub, other: Hub, given: Competition) -> None:
        hub.put_competition(given, PRIVATE)
        assert hub.get_competition(CHALLENGE).artifact_id == CHALLENGE
        assert other.list_competitions().total == 0
        for ask in (other.get_competition, other.labelled_competition, other.standings, other.list_submissions):
            with pytest.raises(NotFound):
                ask(CHALLENGE)
        with pytest.raises(NotFound):
            other.submit_predictions(submission(hub.get_competition(CHALLENGE)), PRIVATE)

    def test_only_own_names_are_written(self, other: Hub, given: Competition) -> None:
        with pytest.raises(AccessDenied):
            other.put_competition(given, PUBLIC)

    def test_policies(self, hub: Hub, given: Competition, now: datetime) -> None:
        hub.put_competition(given, PUBLIC)
        longer = attrs.evolve(given, end_time=now + timedelta(days=9))
        with pytest.raises(NameTaken):
            hub.put_competition(longer, PUBLIC)
        assert not hub.put_competition(longer, SKIP).written
        assert hub.get_competition(CHALLENGE).end_time == given.end_time
        assert hub.put_competition(longer, REPLACE).written
        held = hub.get_competition(CHALLENGE)
        assert held.end_time == longer.end_time
        hub.submit_predictions(submission(held), PRIVATE)
        with pytest.raises(Conflict):
            hub.put_competition(given, REPLACE)

    def test_damage_is_found_if_looked_for(self, hub: Hub, held: Competition) -> None:
        self.damage(hub, ArtifactKind.COMPETITION, CHALLENGE)
        with pytest.raises(DigestMismatch):
            hub.get_competition(CHALLENGE, ChecksumStrategy.VERIFY)

    # --- submissions --------------------------------------------------------------------------------

    def test_submission_is_scored(self, other: Hub, held: Competition) -> None:
        url = "https://example.org/report"
        made = other.submit_predictions(submission(held, 2.0, "guess", report_url=url), PRIVATE)
        assert (made.id, made.competition) == (ArtifactId(OTHER, "guess"), CHALLENGE)
        found = {score.key: score.value for score in made.results.scores}
        assert found == {(test, "y", "mean_absolute_error"): 2.0 for test in ("early", "late")}
        assert (made.results.subject, made.results.report_url) == (CHALLENGE, url)
        assert made.results.meta.artifact_id == made.id
        assert other.get_submission(made.id) == made
        assert other.list_submissions(CHALLENGE).items == (made.id,)
        kept = other.submitted_predictions(made.id)
        assert (kept.competition, kept.report_url, kept.meta.artifact_id) == (CHALLENGE, url, made.id)
        for label in held.test_set_labels:
            assert kept.predictions.array(label, "y").tolist() == (held.split.tests[label] * LABEL + 2.0).tolist()

    def test_private_submission_is_for_both_sides(self, hub: Hub, other: Hub, nobody: Hub, held: Competition) -> None:
        made = other.submit_predictions(submission(held, 1.0, "guess"), PRIVATE)
        for asker in (hub, other):
            assert asker.list_submissions(CHALLENGE).items == (made.id,)
            assert asker.get_submission(made.id) == made
            assert asker.submitted_predictions(made.id).competition == CHALLENGE
            assert len(asker.standings(CHALLENGE).boards) == 2
        assert nobody.list_submissions(CHALLENGE).total == 0
        assert nobody.standings(CHALLENGE).boards == ()
        for ask in (nobody.get_submission, nobody.submitted_predictions):
            with pytest.raises(NotFound):
                ask(made.id)

    def test_public_submission_shows_its_scores(self, other: Hub, nobody: Hub, held: Competition) -> None:
        made = other.submit_predictions(submission(held, 1.0, "guess"), PUBLIC)
        assert nobody.get_submission(made.id) == made
        with pytest.raises(AccessDenied):
            nobody.submitted_predictions(made.id)

    def test_standings(self, hub: Hub, other: Hub, held: Competition) -> None:
        for asker, error, name in ((other, 3.0, "first"), (other, 1.0, "second"), (hub, 2.0, "first")):
            asker.submit_predictions(submission(held, error, name), PUBLIC)
        board = hub.standings(CHALLENGE).board(test_set="late")
        assert board is not None
        assert [(one.rank, one.score.value) for one in board.places] == [(1, 1.0), (2, 2.0), (3, 3.0)]
        assert str(board.places[0].entry.results.meta.artifact_id) == f"{OTHER}/second"

    def test_standings_where_the_slug_is_not_the_name(self, hub: Hub, other: Hub, given: Competition) -> None:
        named = attrs.evolve(given.meta, slug="quite-another")
        identity = hub.put_competition(attrs.evolve(given, meta=named), PUBLIC).id
        assert identity == ArtifactId(ACTOR, "quite-another")
        other.submit_predictions(submission(other.get_competition(identity), 1.0, "guess"), PUBLIC)
        standings = hub.standings(identity)
        assert (standings.subject, len(standings.boards)) == (identity, 2)

    def test_the_same_is_not_submitted_twice(self, other: Hub, held: Competition) -> None:
        other.submit_predictions(submission(held, 1.0), PRIVATE)
        for publication in (PRIVATE, REPLACE, SKIP):
            with pytest.raises(NameTaken):
                other.submit_predictions(submission(held, 1.0), publication)
        other.submit_predictions(submission(held, 2.0), PRIVATE)
        assert other.list_submissions(CHALLENGE).total == 2

    @pytest.mark.parametrize(
        ("begins", "ends"), [(timedelta(hours=1), timedelta(hours=2)), (timedelta(hours=-2), timedelta(seconds=-5))]
    )
    def test_submissions_are_taken_in_time_only(
        self, hub: Hub, other: Hub, given: Competition, now: datetime, begins: timedelta, ends: timedelta
    ) -> None:
        hub.put_competition(attrs.evolve(given, start_time=now + begins, end_time=now + ends), PUBLIC)
        held = other.get_competition(CHALLENGE)
        with pytest.raises(SubmissionRefused):
            other.submit_predictions(submission(held), PRIVATE)
        assert hub.list_submissions(CHALLENGE).total == 0

    def test_limit_of_submissions(self, hub: Hub, other: Hub, given: Competition) -> None:
        hub.put_competition(attrs.evolve(given, limits=SubmissionLimits(total=2)), PUBLIC)
        held = other.get_competition(CHALLENGE)

        def submit(number: int) -> bool:
            try:
                other.submit_predictions(submission(held, float(number)), PRIVATE)
            except SubmissionRefused:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(submit, range(6))) == 2
        assert hub.list_submissions(CHALLENGE).total == 2
        hub.submit_predictions(submission(held), PRIVATE)

    def test_malformed_predictions_are_refused(self, other: Hub, hub: Hub, held: Competition) -> None:
        good = submission(held)
        late = good.predictions.array("late", "y")
        early = good.predictions.array("early", "y")
        for early_values in (early[:-1], np.full(len(early), np.nan), np.array(["a"] * len(early))):
            sizes = {"early": len(early_values), "late": len(late)}
            values = {"early": early_values, "late": late}
            wrong = type(good.predictions).of(values, ("y",), ("early", "late"), sizes)
            with pytest.raises(InvalidPredictions) as caught:
                other.submit_predictions(attrs.evolve(good, predictions=wrong), PRIVATE)
            assert "early" in caught.value.message
        missing = type(good.predictions).of(late, ("y",), ("late",), {"late": len(late)})
        with pytest.raises(InvalidPredictions):
            other.submit_predictions(attrs.evolve(good, predictions=missing), PRIVATE)
        assert hub.list_submissions(CHALLENGE).total == 0

    def test_submissions_need_a_competition(self, other: Hub, held: Competition) -> None:
        lost = attrs.evolve(submission(held), competition=ArtifactId(ACTOR, "no-such"))
        for publication in (PRIVATE, Publication(Access.PUBLIC)):
            with pytest.raises(NotFound):
                other.submit_predictions(lost, publication)
        with pytest.raises(NotFound):
            other.list_submissions(lost.competition)
        with pytest.raises(NotFound):
            other.standings(lost.competition)
        with pytest.raises(NotFound):
            other.get_submission(ArtifactId(OTHER, "no-such"))
