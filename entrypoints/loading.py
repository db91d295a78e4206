"""Functions for one call: they use this machine's settings, as `Client.local()` does.

Datasets of this machine need no settings, and are opened without the container: importing that, and what it looks
for on the side, takes as long as everything else does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .benchmark_client import VERIFY, AnyPath, checked, is_local

if TYPE_CHECKING:
    from ..application.artifact_files import ArtifactFiles
    from ..domain.array_dataset import ArrayDataset
    from ..domain.benchmark import Benchmark
    from ..domain.competition import Competition
    from ..domain.model import Model
    from ..domain.results import AnyResults
    from .client import Client


def _client() -> Client:
    from .client import Client

    return Client.local()


def _files() -> ArtifactFiles:
    """What the container has as `artifact_files`."""
    from ..adapters.files import DiskFiles
    from ..application.artifact_files import ArtifactFiles
    from ..application.checksums import ComputeChecksum, VerifyDataset
    from .benchmarks import artifact_codec, make_array_files, tree_hasher

    documents, hasher = artifact_codec(), tree_hasher()
    arrays, verify = make_array_files(documents, hasher), VerifyDataset(ComputeChecksum(hasher))
    return ArtifactFiles(arrays, documents, DiskFiles(), verify)


def load_dataset(path: AnyPath, verify_checksum: str | bool | None = VERIFY) -> ArrayDataset:
    """A dataset of this machine (JSON, folder, `.zarr`, `.parquet`) or, by `owner/slug`, of the chosen hub."""
    if is_local(path):
        return _files().load_dataset(Path(path), checked(verify_checksum))
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
