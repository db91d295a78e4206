"""The codec of all artifacts: this module itself implements `ports.artifacts.ArtifactCodec`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .benchmarks import dump_benchmark, load_benchmark
from .competitions import dump_competition, load_competition
from .dataset import dump_dataset, load_dataset
from .models import dump_model, load_model
from .predictions import dump_predictions, load_predictions
from .results import dump_results, load_results
from .text import decode, encode

__all__ = [
    "decode",
    "dump_benchmark",
    "dump_competition",
    "dump_dataset",
    "dump_model",
    "dump_predictions",
    "dump_results",
    "encode",
    "load_benchmark",
    "load_competition",
    "load_dataset",
    "load_model",
    "load_predictions",
    "load_results",
]

if TYPE_CHECKING:
    from ...ports.artifacts import ArtifactCodec
    from . import codec

    _proof: ArtifactCodec = codec
