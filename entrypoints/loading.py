"""Functions for one call: they use this machine's settings, as `Client.local()` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .benchmark_client import VERIFY, AnyPath

if TYPE_CHECKING:
    from ..domain.array_dataset import ArrayDataset
    from ..domain.benchmark import Benchmark
    from ..domain.competition import Competition
    from ..domain.model import Model
    from ..domain.results import AnyResults
    from .client import Client


def _client() -> Client:
    from .client import Client

    return Client.local()


def load_dataset(path: AnyPath, verify_checksum: str | bool | None = VERIFY) -> ArrayDataset:
    """A dataset of this machine (JSON, folder, `.zarr`, `.parquet`) or, by `owner/slug`, of the chosen hub."""
    with _client() as client:
        return client.load_dataset(path, verify_checksum)


def load_benchmark(path: AnyPath, verify_checksum: str | bool | None = VERIFY) -> Benchmark:
    """A benchmark of this machine (JSON or folder) or, by `owner/slug`, of the chosen hub."""
    with _client() as client:
        return client.load_benchmark(path, verify_checksum)


def load_competition(artifact_id: AnyPath, verify_checksum: str | bool | None = VERIFY) -> Competition:
    """A competition by `owner/slug`, without what has to be predicted."""
    with _client() as client:
        return client.load_competition(artifact_id, verify_checksum)


def load_model(artifact_id: AnyPath, verify_checksum: str | bool | None = VERIFY) -> Model:
    """A model by `owner/slug`, or from its JSON; it has no checksum to be verified."""
    del verify_checksum
    with _client() as client:
        return client.load_model(artifact_id)


def save(
    artifact: ArrayDataset | Benchmark | Model | AnyResults, destination: AnyPath, if_exists: str = "replace"
) -> Path:
    """Write an artifact as JSON, with all its data; see `Client.save`."""
    with _client() as client:
        return client.save(artifact, destination, if_exists)
