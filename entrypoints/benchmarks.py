"""Which adapter a benchmark hub gets, and what evaluates: imported when the first of it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import attrs

from ..adapters.arrays.files import LocalArrayFiles
from ..adapters.artifacts import codec
from ..adapters.checksum import LocalTreeHasher
from ..domain.artifact import slugify_artifact
from ..domain.errors import InvalidInput, UnsupportedFile
from ..domain.tree_digest import tree_digest

if TYPE_CHECKING:
    from ..adapters.settings import Settings
    from ..adapters.shelf import ShelfHub
    from ..application.evaluate import EvaluatePredictions
    from ..domain.array_dataset import ArrayDataset, ColumnAdapter
    from ..domain.competition import Competition
    from ..domain.results import CompetitionResults
    from ..domain.submission import CompetitionPredictions
    from ..ports.artifacts import ArtifactCodec
    from ..ports.benchmarks import ServableBenchmarkHub
    from ..ports.checksum import TreeHasher
    from ..ports.clock import Clock
    from ..ports.hub import HubMaintenance
    from ..ports.index_sets import IndexSetCodec
    from ..ports.scoring import Scorer

FOLDER = "benchmarks"
"""Where an embedded hub keeps what is not annotation: a folder of its own, below that of the hub."""


def owner_of(settings: Settings) -> str:
    """The owner that artifacts of the team have: its name in the letters of artifact ids.

    Raises:
        InvalidInput: it gives no such name.
    """
    try:
        return slugify_artifact(settings.team.replace(".", "-"))
    except InvalidInput as error:
        raise InvalidInput(
            f"team '{settings.team}' ({settings.origin('team')})",
            "cannot own benchmarks: owners have 4 to 64 lower-case letters, digits and '-'",
            "Name another with --team",
        ) from error


def make_benchmark_hub(
    settings: Settings,
    clock: Clock,
    arrays: LocalArrayFiles,
    documents: ArtifactCodec,
    index_sets: IndexSetCodec,
    hasher: TreeHasher,
    evaluate: Callable[[], EvaluatePredictions],
) -> ServableBenchmarkHub:
    """The benchmark hub of the chosen hub, asked by its team. `evaluate` makes what scores submissions.

    Raises:
        InvalidInput: the hub is not known or holds no benchmarks, or its team cannot own any.
    """
    hub = settings.check_hub()
    if hub.kind == "embedded":

        def judge(competition: Competition, submission: CompetitionPredictions) -> CompetitionResults:
            return evaluate().submission(competition, submission)

        return _shelf(settings, owner_of(settings), arrays, documents, index_sets, hasher, clock, judge)
    raise InvalidInput(
        f"hub '{settings.hub}'", f"is a {hub.kind} hub, which holds no benchmarks", "Use another: --hub local"
    )


def _shelf(settings: Settings, actor: str | None, *parts: Any) -> ShelfHub:
    from ..adapters.shelf import ShelfHub

    return ShelfHub(settings.hub_path / FOLDER, actor, *parts, name=settings.hub)


def make_shelves(
    settings: Settings,
    clock: Clock,
    arrays: LocalArrayFiles,
    documents: ArtifactCodec,
    index_sets: IndexSetCodec,
    hasher: TreeHasher,
) -> list[HubMaintenance]:
    """What an embedded hub keeps besides annotations, to be cared for; whoever asks, as it is the same for all."""
    if settings.check_hub().kind != "embedded" or not (settings.hub_path / FOLDER).is_dir():
        return []
    return [_shelf(settings, None, arrays, documents, index_sets, hasher, clock)]


def artifact_codec() -> ArtifactCodec:
    """Documents of artifacts."""
    return codec


def make_array_files(documents: ArtifactCodec, hasher: TreeHasher) -> LocalArrayFiles:
    """Files of array datasets, whose values adapters of chemistry can adapt."""
    return LocalArrayFiles(documents, adapt, hasher)


def make_scorers() -> list[Scorer]:
    """Those who compute metrics that need a library; one that is not installed is asked for when it is needed."""
    from ..adapters.chem.rmsd import RmsdScorer
    from ..adapters.scoring.coco import CocoScorer

    return [CocoScorer(), RmsdScorer()]


def make_evaluate(scorers: Sequence[Scorer], hasher: TreeHasher) -> EvaluatePredictions:
    """What evaluates, with all the evidence there can be."""
    from ..application.evaluate import EvaluatePredictions

    return EvaluatePredictions(scorers, software(), DatasetDigests(hasher), encode)


def software() -> Mapping[str, str]:
    """Packages that every score is computed with, and their versions."""
    from importlib import metadata

    from .. import __version__

    return {"groundtruth": __version__, "numpy": metadata.version("numpy")}


def adapt(adapter: ColumnAdapter, value: Any) -> Any:
    """Adapt a value; the libraries of chemistry are imported for the first one."""
    from ..adapters.chem.adapters import adapt as adapted

    return adapted(adapter, value)


def encode(value: Any) -> bytes:
    """Bytes of a value that only a library understands: a molecule.

    Raises:
        InvalidInput: it is something else.
    """
    if type(value).__module__.partition(".")[0] != "rdkit":
        raise InvalidInput(f"a value of type {type(value).__name__}", "has no canonical form to make a digest of")
    from ..adapters.chem.adapters import molecule_bytes

    return molecule_bytes(value)


_KNOWN: WeakKeyDictionary[ArrayDataset, str] = WeakKeyDictionary()


@attrs.frozen
class DatasetDigests:
    """Checksum of a dataset for evidence: the known one of version 1; of version 2 that of its archive's files.

    An archive is read once for each dataset that was opened; one elsewhere has no checksum.
    """

    hasher: TreeHasher

    def __call__(self, dataset: ArrayDataset) -> str | None:
        """The checksum, or None."""
        root = dataset.zarr_root
        if dataset.version == 1 or root is None or "://" in root:
            return dataset.md5sum
        if dataset not in _KNOWN:
            try:
                _KNOWN[dataset] = tree_digest(self.hasher.files(Path(root)))
            except UnsupportedFile:  # links and devices, which no checksum covers
                return None
        return _KNOWN[dataset]


def tree_hasher() -> TreeHasher:
    """What hashes folders."""
    return LocalTreeHasher()
