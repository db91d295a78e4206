"""The reader of predictions: what a file is, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...ports.artifacts import PredictionsCodec
from ...ports.prediction_files import AS_NAMED, ReadOptions, Wanted
from .naming import by_name, in_normal_form
from .opening import kind_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = frozenset({"csv", "tsv", "parquet", "npy", "npz", "json"})


@attrs.frozen
class PredictionReader:
    """Implements `ports.prediction_files.PredictionFiles`; `codec` reads documents of predictions."""

    codec: PredictionsCodec

    def read(
        self, path: Path, wanted: Wanted, options: ReadOptions = AS_NAMED
    ) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """Read predictions; see the port."""
        path = Path(path)
        return in_normal_form(self._given(path, wanted, options), wanted, path)

    def _given(self, path: Path, wanted: Wanted, options: ReadOptions) -> Any:
        match kind_of(path, options.format, KINDS):
            case "json":
                from .documents import read_predictions

                return read_predictions(path, self.codec, wanted, options)
            case "npy":
                from .arrays import read_npy

                return read_npy(path, options.most_bytes)
            case "npz":
                from .arrays import read_npz

                return by_name(read_npz(path, options.most_bytes), wanted, path)
            case kind:
                from .tables import read_predictions as read_table

                return read_table(path, kind, wanted, options)
