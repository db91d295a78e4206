"""Artifacts as files of this machine: JSON documents, readable by the real client and the reverse."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ..domain.array_dataset import ArrayDataset
from ..domain.benchmark import Benchmark
from ..domain.competition import Competition
from ..domain.errors import Conflict, DigestMismatch, InvalidDocument, NotFound
from ..domain.model import Model
from ..domain.policies import ChecksumStrategy, ConflictPolicy
from ..domain.results import AnyResults
from ..ports.arrays import ArrayFiles
from ..ports.artifacts import ArtifactCodec, DocumentStyle, Json
from ..ports.files import WritableFiles
from .checksums import VerifyDataset

BENCHMARK = "benchmark.json"
DEFAULT = ChecksumStrategy.VERIFY_UNLESS_ZARR
PREDICTION_FILES = "prediction_files"
"""Key of a results document, ours alone: the files that the results are of, by `y_pred` and `y_prob`."""


@attrs.frozen
class ArtifactFiles:
    """Save artifacts into folders, and load them.

    Raises (load):
        NotFound, NotReadable: there is no such file.
        InvalidDocument: it is none of that kind; `location` says where.
        DigestMismatch: the strategy verifies, and the data are not what its checksum says.
    Raises (save):
        Conflict: the file exists, and `if_exists` is RAISE.
    """

    arrays: ArrayFiles
    codec: ArtifactCodec
    files: WritableFiles
    verify: VerifyDataset

    # --- datasets --------------------------------------------------------------------------------------

    def load_dataset(self, path: Path, strategy: ChecksumStrategy = DEFAULT) -> ArrayDataset:
        """Open a dataset: its JSON, the folder of it, an archive `.zarr` or a table `.parquet`."""
        dataset = self.arrays.load(path)
        report = self.verify(dataset, strategy)
        return dataset if report.md5sum == dataset.md5sum else attrs.evolve(dataset, md5sum=report.md5sum)

    def save_dataset(
        self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.REPLACE
    ) -> Path:
        """Write `<slug>.json` with copies of all data; an interrupted copy is taken up. Return its path."""
        return self.arrays.save(dataset, folder, if_exists)

    # --- benchmarks ------------------------------------------------------------------------------------

    def load_benchmark(self, path: Path, strategy: ChecksumStrategy = DEFAULT) -> Benchmark:
        """Open a benchmark: its JSON, or the folder that has `benchmark.json`."""
        inside = path / BENCHMARK
        file = inside if self.files.exists(inside) else path
        document = self._read(file, "benchmark")
        named = document.get("dataset")
        if not isinstance(named, str):
            raise InvalidDocument(
                "dataset", "is no path", "Save the benchmark with its dataset", str(file), "$.dataset"
            )
        dataset = self.load_dataset(self._beside(named, file), strategy)
        benchmark = self.codec.load_benchmark(document, dataset, source=str(file))
        # The dataset was verified as it was loaded; the definition is what is left.
        known = benchmark.version == 1 and benchmark.md5sum is not None and dataset.md5sum is not None
        if known and strategy is not ChecksumStrategy.IGNORE and benchmark.checksum() != benchmark.md5sum:
            raise DigestMismatch(
                f"definition in {file}", expected=benchmark.md5sum or "", actual=benchmark.checksum()
            )
        return benchmark

    def save_benchmark(
        self, benchmark: Benchmark, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.REPLACE
    ) -> Path:
        """Write `benchmark.json` and the dataset beside it; return its path."""
        file = folder / BENCHMARK
        if self._is_kept(file, if_exists):
            return file
        dataset = self.save_dataset(benchmark.dataset, folder, if_exists)
        document = {"dataset": str(dataset.absolute()), **self.codec.dump_benchmark(benchmark, DocumentStyle.DISK)}
        self._write(file, document)
        return file

    # --- results, models, competitions -----------------------------------------------------------------

    def load_results(self, path: Path) -> AnyResults:
        """Read results."""
        return self.codec.load_results(self._read(path, "results"), str(path))

    def save_results(
        self,
        results: AnyResults,
        path: Path,
        if_exists: ConflictPolicy = ConflictPolicy.REPLACE,
        predictions: Mapping[str, Path] | None = None,
    ) -> Path:
        """Write results, and where the files of their predictions are if these lie below the results."""
        if self._is_kept(path, if_exists):
            return path
        document = self.codec.dump_results(results, DocumentStyle.DISK)
        found = {kind: _below(path.parent, file) for kind, file in (predictions or {}).items()}
        named = {kind: place for kind, place in found.items() if place is not None}
        self._write(path, {**document, PREDICTION_FILES: named} if named else document)
        return path

    def prediction_files(self, path: Path) -> dict[str, Path]:
        """Files of predictions that results name; whatever would lead out of their folder is left out."""
        named = self._read(path, "results").get(PREDICTION_FILES)
        if not isinstance(named, dict):
            return {}
        found = {str(kind): path.parent / str(place) for kind, place in named.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return {kind: file for kind, file in found.items() if _below(path.parent, file) is not None}

    def load_model(self, path: Path) -> Model:
        """Read a model."""
        return self.codec.load_model(self._read(path, "model"), str(path))

    def save_model(self, model: Model, path: Path, if_exists: ConflictPolicy = ConflictPolicy.REPLACE) -> Path:
        """Write a model."""
        if not self._is_kept(path, if_exists):
            self._write(path, self.codec.dump_model(model, DocumentStyle.DISK))
        return path

    def load_competition(self, path: Path, strategy: ChecksumStrategy = DEFAULT) -> Competition:
        """Open a competition: its JSON, whose dataset lies beside it."""
        document = self._read(path, "competition")
        named = document.get("dataset") or document.get("zarr_root_path")
        if not isinstance(named, str):
            raise InvalidDocument("dataset", "is no path", "", str(path), "$.dataset")
        dataset = self.load_dataset(self._beside(named, path), strategy)
        return self.codec.load_competition(document, dataset, str(path))

    # --- files -----------------------------------------------------------------------------------------

    def _read(self, path: Path, kind: str) -> Json:
        if not self.files.exists(path):
            raise NotFound(kind, str(path), "this machine", "Check the path")
        return self.codec.decode(self.files.read(path), str(path))

    def _write(self, path: Path, document: Mapping[str, Any]) -> None:
        self.files.write(path, self.codec.encode(document, DocumentStyle.DISK))

    def _beside(self, named: str, file: Path) -> Path:
        """Where a path in a document leads: from its folder, else beside it (both may have moved)."""
        path = file.parent / named
        moved = file.parent / Path(named).name
        return moved if self.files.exists(moved) and not self.files.exists(path) else path

    def _is_kept(self, path: Path, if_exists: ConflictPolicy) -> bool:
        """True if the file is there and stays."""
        if if_exists is ConflictPolicy.REPLACE or not self.files.exists(path):
            return False
        if if_exists is ConflictPolicy.RAISE:
            raise Conflict(str(path), "exists already", "Choose another path, or the policy replace or skip")
        return True


def _below(folder: Path, file: Path) -> str | None:
    """Path of a file from a folder it lies below, by their names; None if it does not."""
    inner, outer = (os.path.normpath(one.absolute()) for one in (file, folder))
    found = os.path.relpath(inner, outer)
    return None if found.startswith("..") or Path(found).is_absolute() else Path(found).as_posix()
