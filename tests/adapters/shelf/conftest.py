from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from groundtruth.adapters.memory import FakeClock
from groundtruth.adapters.shelf import ShelfHub
from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.ports.arrays import ArrayFiles, ZarrLayout
from groundtruth.testing.benchmark_scenario import archive


@pytest.fixture(scope="session")
def opening() -> ModuleType:
    path = Path(__file__).with_name("opening.py")
    spec = importlib.util.spec_from_file_location("shelf_opening", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def clock(now: datetime) -> FakeClock:
    """Starts now, as the times of files do."""
    return FakeClock(now)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "shelf"


@pytest.fixture
def open_hub(opening: ModuleType, root: Path, clock: FakeClock) -> Callable[[str | None], ShelfHub]:
    """Opens the same folder again, as another process would."""
    return lambda actor: opening.open_shelf(root, actor, clock)


@pytest.fixture
def hub(open_hub: Callable[[str | None], ShelfHub]) -> ShelfHub:
    return open_hub("example-team")


@pytest.fixture
def arrays(opening: ModuleType) -> ArrayFiles:
    return opening.array_files()


@pytest.fixture
def pictures(arrays: ArrayFiles, tmp_path: Path) -> ArrayDataset:
    """The scenario's version 2 dataset on disk, a chunk per row."""
    return stored(arrays, archive(), tmp_path / "made" / "source.zarr")


def stored(arrays: ArrayFiles, dataset: ArrayDataset, path: Path, rows_per_chunk: int = 1) -> ArrayDataset:
    """A version 2 dataset with its values in an archive."""
    import attrs

    values = {name: dataset.columns.read(name, slice(None)) for name in dataset.column_names}
    arrays.write_zarr(path, values, ZarrLayout(rows_per_chunk=rows_per_chunk))
    loaded = arrays.load(path)
    return attrs.evolve(loaded, meta=dataset.meta)
