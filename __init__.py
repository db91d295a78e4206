"""groundtruth: one library and command line for the whole life of labelled data.

from groundtruth import Client

client = Client.local()
dataset = client.get_remote_dataset("example-team/test")
dataset.pull()

benchmark = groundtruth.load_benchmark("example-team/diabetes")
results = benchmark.evaluate(y_pred=...)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .domain.errors import GroundtruthError
    from .domain.reference import DatasetReference, parse_reference
    from .entrypoints.client import Client, RemoteDataset
    from .entrypoints.container import Container
    from .entrypoints.loading import load_benchmark, load_competition, load_dataset, load_model, save

# Names are imported when they are used: `groundtruth --help` must not wait for numpy.
_HOMES = {
    "Client": ".entrypoints.client",
    "Container": ".entrypoints.container",
    "DatasetReference": ".domain.reference",
    "GroundtruthError": ".domain.errors",
    "RemoteDataset": ".entrypoints.client",
    "load_benchmark": ".entrypoints.loading",
    "load_competition": ".entrypoints.loading",
    "load_dataset": ".entrypoints.loading",
    "load_model": ".entrypoints.loading",
    "parse_reference": ".domain.reference",
    "save": ".entrypoints.loading",
}

__all__ = [
    "Client",
    "Container",
    "DatasetReference",
    "GroundtruthError",
    "RemoteDataset",
    "load_benchmark",
    "load_competition",
    "load_dataset",
    "load_model",
    "parse_reference",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
