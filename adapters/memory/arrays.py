"""Array datasets as files that are not on any disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs

from ...domain.array_dataset import ArrayDataset
from ...domain.arrays import np
from ...domain.artifact import ArtifactMeta
from ...domain.columns import ArrayColumns, Columns, object_array
from ...domain.errors import Conflict, InvalidDataset, NotFound
from ...domain.policies import ConflictPolicy
from ...ports.arrays import ZarrLayout
from .faults import Faults


@attrs.define
class MemoryArrayFiles:
    """Files given as path -> what is in them: a dataset or columns. Folders are what the paths say."""

    tree: dict[Path, ArrayDataset | ArrayColumns] = attrs.field(factory=dict[Path, ArrayDataset | ArrayColumns])
    faults: Faults = attrs.field(factory=Faults, init=False)

    def load(self, path: Path) -> ArrayDataset:
        """Open what was written to this path."""
        self.faults.check("load", path)
        found = self.tree.get(path)
        if found is None:
            documents = [one for at, one in self.tree.items() if at.parent == path and at.suffix == ".json"]
            if len(documents) != 1:
                raise NotFound("dataset", str(path), "memory", "Write it first")
            found = documents[0]
        if isinstance(found, ArrayDataset):
            return found
        version = 2 if path.suffix == ".zarr" else 1
        return ArrayDataset(version, ArtifactMeta(), found, zarr_root=str(path) if version == 2 else None)

    def _may_write(self, path: Path, if_exists: ConflictPolicy) -> bool:
        if path not in self.tree or if_exists is ConflictPolicy.REPLACE:
            return True
        if if_exists is ConflictPolicy.RAISE:
            raise Conflict(str(path), "exists already", "Choose another path, or the policy replace or skip")
        return False

    def save(self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.REPLACE) -> Path:
        """Keep a dataset under the path of its document."""
        self.faults.check("save", dataset, folder, if_exists)
        path = folder / f"{dataset.meta.slug or 'dataset'}.json"
        if self._may_write(path, if_exists):
            self.tree[path] = self.cache(dataset, folder, if_exists)
        return path

    def cache(
        self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.SKIP
    ) -> ArrayDataset:
        """Keep a dataset's columns under the path of its table or archive."""
        self.faults.check("cache", dataset, folder, if_exists)
        slug = dataset.meta.slug or "dataset"
        name = Path(dataset.zarr_root).name if dataset.zarr_root else f"{slug}.zarr"
        path = folder / (name if dataset.version == 2 else "table.parquet")
        if self._may_write(path, if_exists):
            self.tree[path] = ArrayColumns.loaded(dataset.columns)
        kept = self.tree[path]
        root = str(folder / name) if dataset.version == 2 or dataset.zarr_root else None
        return attrs.evolve(dataset, columns=kept.columns if isinstance(kept, ArrayDataset) else kept, zarr_root=root)

    def write_zarr(
        self,
        folder: Path,
        data: Mapping[str, Any] | Iterable[Mapping[str, Any]],
        layout: ZarrLayout | None = None,
        if_exists: ConflictPolicy = ConflictPolicy.RAISE,
    ) -> Path:
        """Keep columns under the path of an archive, sorted by name."""
        self.faults.check("write_zarr", folder, layout, if_exists)
        if self._may_write(folder, if_exists):
            batches = cast("list[Mapping[str, Any]]", [data] if isinstance(data, Mapping) else list(data))
            parts = [{name: _rows(values) for name, values in batch.items()} for batch in batches]
            if not parts or not parts[0]:
                raise InvalidDataset(f"archive {folder}", "would have no columns", "Give at least one")
            for part in parts:
                if part.keys() != parts[0].keys():
                    raise InvalidDataset("a batch", f"has the columns {sorted(part)}, not {sorted(parts[0])}")
                ArrayColumns(part)  # checks the lengths
            self.tree[folder] = ArrayColumns(
                {name: np.concatenate([part[name] for part in parts]) for name in sorted(parts[0])}
            )
        return folder

    def write_table(
        self,
        file: Path,
        columns: Columns | Mapping[str, Any],
        if_exists: ConflictPolicy = ConflictPolicy.RAISE,
    ) -> Path:
        """Keep columns under the path of a table."""
        self.faults.check("write_table", file, columns, if_exists)
        if self._may_write(file, if_exists):
            if isinstance(columns, Mapping):
                columns = ArrayColumns({name: np.asarray(values) for name, values in columns.items()})
            self.tree[file] = ArrayColumns.loaded(columns)
        return file


def _rows(values: Any) -> np.ndarray[Any, Any]:
    try:
        rows = np.asarray(values)
    except ValueError:  # rows of different shape
        rows = object_array(values)
    return rows.astype(object) if rows.dtype.kind in "UT" else rows
