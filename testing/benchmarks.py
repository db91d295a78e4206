"""Contract of `ports.benchmarks`: datasets, benchmarks, models and results. Competitions: see `competitions`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import attrs
import numpy as np
import pytest

from ..domain.array_dataset import ArrayDataset
from ..domain.artifact import ArtifactId, ArtifactKind, ArtifactMeta, Owner
from ..domain.benchmark_split import LabelledSplits
from ..domain.errors import AccessDenied, Conflict, DigestMismatch, InvalidInput, NameTaken, NotFound
from ..domain.leaderboard import Keep
from ..domain.policies import Access, ChecksumStrategy
from ..domain.publication import Publication
from ..domain.results import BenchmarkResultsV1, CompetitionResults, Score
from ..ports.benchmarks import ServableBenchmarkHub as Hub
from .benchmark_scenario import (
    ACTOR,
    OTHER,
    PRIVATE,
    PUBLIC,
    REPLACE,
    SKIP,
    BenchmarkHubScenario,
    benchmark_v1,
    benchmark_v2,
    meta,
    model,
    results_on,
    same_rows,
    table,
)

MOLECULES = ArtifactId(ACTOR, "molecules")
BENCH = ArtifactId(ACTOR, "bench-one")


class DatasetShelfContract(BenchmarkHubScenario):
    """What every shelf of datasets does."""

    def test_new_hub_has_nothing(self, hub: Hub) -> None:
        assert (hub.list_datasets().items, hub.list_datasets().total) == ((), 0)
        with pytest.raises(NotFound):
            hub.get_dataset(MOLECULES)

    def test_table_comes_back_as_it_was_put(self, hub: Hub) -> None:
        put = table()
        receipt = hub.put_dataset(put, PUBLIC)
        assert (receipt.id, receipt.written) == (MOLECULES, True)
        assert receipt.location
        for strategy in ChecksumStrategy:
            got = hub.get_dataset(MOLECULES, strategy)
            assert (got.version, got.readme, got.license, got.meta.name) == (1, put.readme, put.license, "molecules")
            assert got.meta.artifact_id == MOLECULES
            assert same_rows(got, put)

    def test_archive_comes_back_as_it_was_put(self, hub: Hub, pictures: ArrayDataset) -> None:
        identity = hub.put_dataset(pictures, PUBLIC).id
        for strategy in ChecksumStrategy:
            got = hub.get_dataset(identity, strategy)
            assert (got.version, got.meta.artifact_id) == (2, identity)
            assert same_rows(got, pictures)
            assert got[7]["picture"].tolist() == pictures[7]["picture"].tolist()

    def test_lists_are_pages_of_sorted_ids(self, hub: Hub, other: Hub) -> None:
        for name in ("Mmmm", "zzzz", "aaaa_b"):
            hub.put_dataset(table(name, 5), PUBLIC)
        other.put_dataset(table("aaaa", 5), Publication(Access.PUBLIC, owner=OTHER))
        whole = hub.list_datasets()
        assert whole.total == 4
        assert [str(one) for one in whole.items] == [
            f"{ACTOR}/aaaa-b",
            f"{ACTOR}/mmmm",
            f"{ACTOR}/zzzz",
            f"{OTHER}/aaaa",
        ]
        for limit, offset in ((2, 0), (2, 2), (2, 3), (0, 0), (5, 9), (1, 1)):
            page = hub.list_datasets(limit, offset)
            assert (page.items, page.total) == (whole.items[offset : offset + limit], 4)

    def test_private_is_for_its_owner(self, hub: Hub, other: Hub, nobody: Hub) -> None:
        hub.put_dataset(table("public", 5), PUBLIC)
        hub.put_dataset(table("private", 5), PRIVATE)
        assert hub.list_datasets().total == 2
        for stranger in (other, nobody):
            assert [str(one) for one in stranger.list_datasets().items] == [f"{ACTOR}/public"]
            assert stranger.list_datasets().total == 1
            with pytest.raises(NotFound):
                stranger.get_dataset(ArtifactId(ACTOR, "private"))
        assert len(other.get_dataset(ArtifactId(ACTOR, "public"))) == 5

    def test_only_own_names_are_written(self, hub: Hub, other: Hub, nobody: Hub) -> None:
        for asker, publication in ((other, PUBLIC), (nobody, PUBLIC), (hub, Publication(owner=OTHER))):
            with pytest.raises(AccessDenied):
                asker.put_dataset(table(), publication)
        assert hub.list_datasets().total == 0
        assert other.put_dataset(table(), Publication(owner=OTHER)).id == ArtifactId(OTHER, "molecules")

    def test_owner_comes_from_the_artifact_or_the_actor(self, hub: Hub) -> None:
        unowned = attrs.evolve(table(), meta=meta("unowned", None))
        receipt = hub.put_dataset(unowned, PUBLIC)
        assert hub.get_dataset(receipt.id).meta.artifact_id == ArtifactId(ACTOR, "unowned")

    def test_what_has_no_name_is_refused(self, hub: Hub) -> None:
        with pytest.raises(InvalidInput):
            hub.put_dataset(attrs.evolve(table(), meta=ArtifactMeta()), PUBLIC)

    def test_name_is_taken_once(self, hub: Hub) -> None:
        hub.put_dataset(table(), PUBLIC)
        with pytest.raises(NameTaken):
            hub.put_dataset(table(scale=2.0), PUBLIC)
        receipt = hub.put_dataset(table(scale=2.0), SKIP)
        assert (receipt.id, receipt.written) == (MOLECULES, False)
        assert same_rows(hub.get_dataset(MOLECULES), table())

    def test_replacing_replaces_all(self, hub: Hub, other: Hub) -> None:
        hub.put_dataset(table(), PUBLIC)
        before = hub.get_dataset(MOLECULES)
        new = attrs.evolve(table(rows=7, scale=2.0), readme="New")
        assert hub.put_dataset(new, attrs.evolve(REPLACE, access=Access.PRIVATE)).written
        got = hub.get_dataset(MOLECULES)
        assert (got.readme, hub.list_datasets().total) == ("New", 1)
        assert same_rows(got, new)
        with pytest.raises(NotFound):
            other.get_dataset(MOLECULES)
        # Who had it open goes on reading.
        assert same_rows(before, table())

    def test_one_of_many_is_first(self, hub: Hub) -> None:
        def put(number: int) -> bool:
            try:
                return hub.put_dataset(table(scale=float(number)), PUBLIC).written
            except NameTaken:
                return False

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(put, range(1, 9))) == 1
        assert hub.list_datasets().total == 1
        assert hub.get_dataset(MOLECULES).columns.row("y", 1) in range(1, 9)

    @pytest.mark.parametrize("version", [1, 2])
    def test_damage_is_found_if_looked_for(self, hub: Hub, pictures: ArrayDataset, version: int) -> None:
        identity = hub.put_dataset(table() if version == 1 else pictures, PUBLIC).id
        self.damage(hub, ArtifactKind.DATASET, identity)
        with pytest.raises(DigestMismatch) as caught:
            hub.get_dataset(identity, ChecksumStrategy.VERIFY)
        assert str(identity) in caught.value.message
        if version == 2:
            hub.get_dataset(identity, ChecksumStrategy.VERIFY_UNLESS_ZARR)
            hub.get_dataset(identity, ChecksumStrategy.IGNORE)


class BenchmarkShelfContract(BenchmarkHubScenario):
    """What every shelf of benchmarks does."""

    def test_version_1_comes_back_as_it_was_put(self, hub: Hub) -> None:
        hub.put_dataset(table(), PUBLIC)
        put = benchmark_v1(table())
        assert hub.put_benchmark(put, PUBLIC).id == BENCH
        got = hub.get_benchmark(BENCH)
        assert (got.version, got.split, got.readme) == (1, put.split, put.readme)
        assert (got.metrics, got.main_metric) == (put.metrics, put.main_metric)
        assert (set(got.target_cols), set(got.input_cols)) == ({"y", "z"}, {"x"})
        assert got.target_types == put.target_types
        assert (got.artifact_id, got.dataset_artifact_id) == (BENCH, MOLECULES)
        assert same_rows(got.dataset, table())
        assert hub.list_benchmarks().items == (BENCH,)

    @pytest.mark.parametrize("labelled", [False, True])
    def test_version_2_comes_back_as_it_was_put(self, hub: Hub, pictures: ArrayDataset, labelled: bool) -> None:
        hub.put_dataset(pictures, PUBLIC)
        put = benchmark_v2(pictures, labelled=labelled)
        identity = hub.put_benchmark(put, PUBLIC).id
        got = hub.get_benchmark(identity)
        assert (got.version, got.target_types, got.metrics) == (2, put.target_types, put.metrics)
        assert got.split == put.split
        if isinstance(got.split, LabelledSplits):
            assert list(got.split.by_label) == ["../é 1", "b"]

    def test_needs_its_dataset(self, hub: Hub, other: Hub) -> None:
        with pytest.raises(NotFound):
            hub.put_benchmark(benchmark_v1(table()), PUBLIC)
        hub.put_dataset(table(), PRIVATE)
        stranger = attrs.evolve(benchmark_v1(table()), meta=meta("bench-one", OTHER))
        with pytest.raises(NotFound):
            other.put_benchmark(stranger, PUBLIC)
        with pytest.raises(DigestMismatch):
            hub.put_benchmark(benchmark_v1(table(rows=50)), PUBLIC)
        assert hub.list_benchmarks().total == 0

    def test_gives_no_right_to_its_dataset(self, hub: Hub, other: Hub) -> None:
        hub.put_dataset(table(), PRIVATE)
        hub.put_benchmark(benchmark_v1(table()), PUBLIC)
        assert other.list_benchmarks().items == (BENCH,)
        with pytest.raises(NotFound):
            other.get_benchmark(BENCH)
        hub.put_dataset(table(), REPLACE)
        assert other.get_benchmark(BENCH).artifact_id == BENCH

    def test_policies(self, hub: Hub, other: Hub) -> None:
        hub.put_dataset(table(), PUBLIC)
        hub.put_benchmark(benchmark_v1(table()), PUBLIC)
        new = attrs.evolve(benchmark_v1(table()), readme="New")
        with pytest.raises(NameTaken):
            hub.put_benchmark(new, PUBLIC)
        assert not hub.put_benchmark(new, SKIP).written
        assert hub.get_benchmark(BENCH).readme == "How"
        hub.put_benchmark(new, REPLACE)
        assert hub.get_benchmark(BENCH).readme == "New"
        with pytest.raises(AccessDenied):
            other.put_benchmark(new, REPLACE)
        hub.put_benchmark(new, attrs.evolve(REPLACE, access=Access.PRIVATE))
        assert other.list_benchmarks().total == 0
        with pytest.raises(NotFound):
            other.get_benchmark(BENCH)

    def test_damaged_data_is_found(self, hub: Hub, pictures: ArrayDataset) -> None:
        dataset = hub.put_dataset(pictures, PUBLIC).id
        benchmark = hub.put_benchmark(benchmark_v2(pictures), PUBLIC).id
        self.damage(hub, ArtifactKind.DATASET, dataset)
        with pytest.raises(DigestMismatch):
            hub.get_benchmark(benchmark, ChecksumStrategy.VERIFY)


class ModelShelfContract(BenchmarkHubScenario):
    """What every shelf of models does."""

    def test_model_comes_back_as_it_was_put(self, hub: Hub, other: Hub) -> None:
        identity = hub.put_model(model(), PRIVATE).id
        assert hub.get_model(identity) == model()
        assert hub.list_models().items == (identity,)
        assert other.list_models().total == 0
        with pytest.raises(NotFound):
            other.get_model(identity)

    def test_only_the_readme_changes(self, hub: Hub) -> None:
        identity = hub.put_model(model(), PUBLIC).id
        with pytest.raises(NameTaken):
            hub.put_model(model(readme="New"), PUBLIC)
        assert not hub.put_model(model(readme="New"), SKIP).written
        assert hub.put_model(model(readme="New"), REPLACE).written
        with pytest.raises(Conflict):
            hub.put_model(model(code_url="https://example.org/other"), REPLACE)
        assert hub.get_model(identity) == model(readme="New")


class ResultDeskContract(BenchmarkHubScenario):
    """What every desk of results does."""

    @pytest.fixture
    def benchmark(self, hub: Hub) -> ArtifactId:
        """A benchmark that everyone sees."""
        hub.put_dataset(table(), PUBLIC)
        return hub.put_benchmark(benchmark_v1(table()), PUBLIC).id

    def test_results_come_back_as_they_were_put(self, hub: Hub, benchmark: ArtifactId) -> None:
        put = results_on(benchmark, 0.25, "forest", model=ArtifactId(ACTOR, "model-one"))
        identity = hub.put_results(put, PUBLIC).id
        got = hub.get_results(identity)
        assert isinstance(got, BenchmarkResultsV1)
        assert (got.meta.artifact_id, got.subject, got.model) == (identity, benchmark, put.model)
        found = {score.key: score.value for score in got.scores}
        np.testing.assert_equal(found, {score.key: score.value for score in put.scores})
        assert hub.list_results(benchmark).items == hub.list_results().items == (identity,)

    def test_results_need_a_benchmark(self, hub: Hub, other: Hub, benchmark: ArtifactId) -> None:
        with pytest.raises(NotFound):
            hub.put_results(results_on(ArtifactId(ACTOR, "no-such"), 0.5), PUBLIC)
        with pytest.raises(InvalidInput):
            hub.put_results(BenchmarkResultsV1(scores=[Score("test", "y", "r2", 1.0)]), PUBLIC)
        foreign = CompetitionResults(
            scores=[Score("t", "y", "r2", 1.0)], competition_name="some", competition_owner=Owner(ACTOR)
        )
        with pytest.raises(InvalidInput):
            hub.put_results(foreign, PUBLIC)
        hub.put_benchmark(benchmark_v1(table()), attrs.evolve(REPLACE, access=Access.PRIVATE))
        with pytest.raises(NotFound):
            other.put_results(results_on(benchmark, 0.5), PUBLIC)
        assert hub.list_results(ArtifactId(ACTOR, "no-such")).total == 0

    def test_sending_twice_makes_them_once(self, hub: Hub, other: Hub, benchmark: ArtifactId) -> None:
        first = hub.put_results(results_on(benchmark, 0.5), PUBLIC)
        assert first.id.owner == ACTOR
        with pytest.raises(NameTaken):
            hub.put_results(results_on(benchmark, 0.5), PUBLIC)
        again = hub.put_results(results_on(benchmark, 0.5), SKIP)
        assert (again.id, again.written) == (first.id, False)
        assert hub.put_results(results_on(benchmark, 0.6), PUBLIC).id != first.id
        assert other.put_results(results_on(benchmark, 0.5), PUBLIC).id == ArtifactId(OTHER, first.id.slug)
        assert hub.list_results(benchmark).total == 3

    def test_results_are_replaced_as_a_whole_or_not_at_all(self, hub: Hub, benchmark: ArtifactId) -> None:
        identity = hub.put_results(results_on(benchmark, 0.5, "forest"), PUBLIC).id
        with pytest.raises(NameTaken):
            hub.put_results(results_on(benchmark, 0.1, "forest"), PUBLIC)
        assert hub.get_results(identity).scores[0].value == 0.5
        hub.put_results(results_on(benchmark, 0.1, "forest"), REPLACE)
        assert hub.get_results(identity).scores[0].value == 0.1

    def test_leaderboard_ranks_what_is_seen(self, hub: Hub, other: Hub, nobody: Hub, benchmark: ArtifactId) -> None:
        for value, name, access in ((0.5, "middling", PUBLIC), (0.1, "best", PRIVATE), (0.9, "worst", PUBLIC)):
            hub.put_results(results_on(benchmark, value, name), access)
        other.put_results(results_on(benchmark, 0.5, "middling"), PUBLIC)

        def places(asker: Hub) -> list[tuple[int, float, str]]:
            board = asker.leaderboard(benchmark).board("mean_absolute_error", "near", "y")
            assert board is not None
            return [(one.rank, one.score.value, str(one.entry.results.meta.artifact_id)) for one in board.places]

        rest = [(1, 0.5, f"{ACTOR}/middling"), (1, 0.5, f"{OTHER}/middling"), (3, 0.9, f"{ACTOR}/worst")]
        assert places(other) == places(nobody) == rest
        assert places(hub) == [(1, 0.1, f"{ACTOR}/best"), *((rank + 1, *others) for rank, *others in rest)]
        whole = hub.leaderboard(benchmark)
        assert (whole.subject, whole.main_metric) == (benchmark, "mean_absolute_error")

    def test_leaderboard_keeps_one_of_each_model(self, hub: Hub, benchmark: ArtifactId) -> None:
        made_by = ArtifactId(ACTOR, "model-one")
        for value, name in ((0.5, "earlier"), (0.7, "later")):
            hub.put_results(results_on(benchmark, value, name, model=made_by), PUBLIC)
        for keep, values in ((Keep.BEST, [0.5]), (Keep.ALL, [0.5, 0.7])):
            board = hub.leaderboard(benchmark, keep).board("mean_absolute_error", "near", "y")
            assert board is not None
            assert [one.score.value for one in board.places] == values

    def test_leaderboard_of_nothing(self, hub: Hub, other: Hub, benchmark: ArtifactId) -> None:
        assert hub.leaderboard(benchmark).boards == ()
        with pytest.raises(NotFound):
            hub.leaderboard(ArtifactId(ACTOR, "no-such"))
        hub.put_benchmark(benchmark_v1(table()), attrs.evolve(REPLACE, access=Access.PRIVATE))
        with pytest.raises(NotFound):
            other.leaderboard(benchmark)


class BenchmarkHubContract(DatasetShelfContract, BenchmarkShelfContract, ModelShelfContract, ResultDeskContract):
    """What every benchmark hub does, but for competitions."""

    def test_hub_has_a_name(self, hub: Hub) -> None:
        assert hub.name
        assert hub.name == hub.name.strip()
