from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from groundtruth.adapters.checksum.tree import LocalTreeHasher
from groundtruth.adapters.memory import MemoryBenchmarkHub
from groundtruth.application.artifacts import GetArtifact, ListArtifacts, PutBenchmark, PutDataset, publication
from groundtruth.application.checksums import ComputeChecksum, VerifyDataset
from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.artifact import ArtifactId, ArtifactKind
from groundtruth.domain.columns import ArrayColumns
from groundtruth.domain.errors import AccessDenied, DigestMismatch, InvalidInput, InvalidName, NameTaken, NotFound
from groundtruth.domain.policies import Access, ChecksumStrategy, ConflictPolicy
from groundtruth.domain.publication import Publication
from groundtruth.testing.benchmark_scenario import (
    ACTOR,
    OTHER,
    PUBLIC,
    benchmark_v1,
    meta,
    model,
    results_on,
    same_rows,
    table,
)

MOLECULES = ArtifactId(ACTOR, "molecules")


@pytest.fixture
def hub() -> MemoryBenchmarkHub:
    return MemoryBenchmarkHub(ACTOR)


@pytest.fixture
def put(hub: MemoryBenchmarkHub) -> PutDataset:
    return PutDataset(hub, VerifyDataset(ComputeChecksum(LocalTreeHasher())))


def test_publication_is_read_by_its_words() -> None:
    assert publication() == Publication(Access.PRIVATE, ConflictPolicy.RAISE)
    read = publication("public", "replace", "example-team", "other-team/older")
    assert read == Publication(Access.PUBLIC, ConflictPolicy.REPLACE, ACTOR, ArtifactId("other-team", "older"))
    with pytest.raises(InvalidInput, match=r"'secret'.*public, private"):
        publication("secret")
    with pytest.raises(InvalidInput, match="overwrite"):
        publication(if_exists="overwrite")
    with pytest.raises(InvalidName):
        publication(parent="no slash")


def test_dataset_is_put_with_its_checksum(hub: MemoryBenchmarkHub, put: PutDataset) -> None:
    put(table(), PUBLIC)
    got = GetArtifact(hub).dataset(f"{ACTOR}/molecules", "verify")
    assert same_rows(got, table())
    assert got.md5sum is not None
    put(attrs.evolve(table("again"), md5sum=got.md5sum), PUBLIC, ChecksumStrategy.VERIFY)
    assert hub.get_dataset(ArtifactId(ACTOR, "again")).md5sum == got.md5sum


def test_wrong_checksum_is_not_put(hub: MemoryBenchmarkHub, put: PutDataset) -> None:
    wrong = attrs.evolve(table(), md5sum="0" * 32)
    for strategy in (ChecksumStrategy.VERIFY, ChecksumStrategy.VERIFY_UNLESS_ZARR):
        with pytest.raises(DigestMismatch):
            put(wrong, PUBLIC, strategy)
    assert hub.list_datasets().total == 0
    put(wrong, PUBLIC, ChecksumStrategy.IGNORE)
    assert hub.get_dataset(MOLECULES).md5sum == "0" * 32


def test_version_2_has_no_checksum(hub: MemoryBenchmarkHub, put: PutDataset, tmp_path: Path) -> None:
    dataset = ArrayDataset(2, meta("numbers"), ArrayColumns({"x": np.arange(5)}))
    identity = put(dataset, PUBLIC).id
    assert hub.get_dataset(identity).md5sum is None


def test_benchmark_is_put_with_its_checksum(hub: MemoryBenchmarkHub, put: PutDataset) -> None:
    put(table(), PUBLIC)
    dataset = hub.get_dataset(MOLECULES)
    identity = PutBenchmark(hub)(benchmark_v1(dataset), PUBLIC).id
    got = GetArtifact(hub).benchmark(str(identity))
    assert got.md5sum == got.checksum()
    assert PutBenchmark(hub)(benchmark_v1(table(), "bench-two")).written  # of a dataset that knows no checksum
    with pytest.raises(NotFound):
        PutBenchmark(hub)(benchmark_v1(attrs.evolve(table(), meta=meta("unknown")), "bench-three"))


def test_everything_is_got_by_its_id(hub: MemoryBenchmarkHub, put: PutDataset) -> None:
    put(table(), PUBLIC)
    benchmark = PutBenchmark(hub)(benchmark_v1(table()), PUBLIC).id
    hub.put_model(model(), PUBLIC)
    results = hub.put_results(results_on(benchmark, 0.5), PUBLIC).id
    get = GetArtifact(hub)
    assert get.model(f"{ACTOR}/model-one") == model()
    assert get.results(str(results)).meta.artifact_id == results
    with pytest.raises(InvalidInput, match="verify_unless_zarr"):
        get.dataset(str(MOLECULES), "sometimes")
    with pytest.raises(InvalidName):
        get.benchmark("molecules")
    for lookup in (get.dataset, get.benchmark, get.competition, get.model, get.results):
        with pytest.raises(NotFound):
            lookup(f"{ACTOR}/no-such")


def test_lists_of_every_kind(hub: MemoryBenchmarkHub) -> None:
    listed = ListArtifacts(hub)
    for number in range(230):
        hub.put_model(model(f"model-{number:03d}"), PUBLIC)
    names = [f"model-{number:03d}" for number in range(230)]
    assert [one.slug for one in listed.every(ArtifactKind.MODEL)] == names
    page = listed(ArtifactKind.MODEL, 5, 200)
    assert ([one.slug for one in page.items], page.total) == (names[200:205], 230)
    for kind in (ArtifactKind.DATASET, ArtifactKind.BENCHMARK, ArtifactKind.COMPETITION, ArtifactKind.RESULT):
        assert list(listed.every(kind)) == []
    with pytest.raises(InvalidInput, match="prediction"):
        listed(ArtifactKind.PREDICTION)
    with pytest.raises(InvalidInput, match="-1"):
        listed(ArtifactKind.MODEL, -1)


def test_rules_of_names_come_through(hub: MemoryBenchmarkHub, put: PutDataset) -> None:
    put(table())
    with pytest.raises(NameTaken):
        put(table())
    assert not put(table(), publication(if_exists="skip")).written
    with pytest.raises(AccessDenied):
        put(table("other"), publication(owner=OTHER))
