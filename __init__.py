"""groundtruth: one library and command line for the whole life of labelled data.

from groundtruth import Client

client = Client.local()
dataset = client.get_remote_dataset("example-team/test")
dataset.pull()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .domain.errors import GroundtruthError
    from .domain.reference import DatasetReference, parse_reference
    from .entrypoints.client import Client, RemoteDataset
    from .entrypoints.container import Container

# Names are imported when they are used: `groundtruth --help` must not wait for numpy.
_HOMES = {
    "Client": ".entrypoints.client",
    "Container": ".entrypoints.container",
    "DatasetReference": ".domain.reference",
    "GroundtruthError": ".domain.errors",
    "RemoteDataset": ".entrypoints.client",
    "parse_reference": ".domain.reference",
}

__all__ = ["Client", "Container", "DatasetReference", "GroundtruthError", "RemoteDataset", "parse_reference"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
