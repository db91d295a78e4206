"""Checksum of a version 1 benchmark: what it is computed on and judged by (reference: Polaris, section 7.4).

Main metric, target types, names and other metadata are not part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .benchmark_split import SplitV1

__all__ = ["benchmark_checksum", "checksum_parts"]


def checksum_parts(
    dataset_md5sum: str, targets: Iterable[str], inputs: Iterable[str], metrics: Iterable[str], split: SplitV1
) -> Iterator[str]:
    """Yield the texts that are hashed, in order; `metrics` are their text forms (section 10.2)."""
    yield dataset_md5sum
    yield from sorted(set(targets))
    yield from sorted(set(inputs))
    yield from sorted(metrics)
    yield _listed(split.train)
    for label in sorted(split.tests):
        yield label
        yield _listed(split.tests[label])


def benchmark_checksum(parts: Iterable[str]) -> str:
    """Hex md5 of the texts in UTF-8, one after the other without separators."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(part.encode())
    return digest.hexdigest()


def _listed(rows: NDArray[np.intp]) -> str:
    """The sorted rows as JSON: `[0, 1, 2]`."""
    return f"[{', '.join(map(str, np.sort(rows).tolist()))}]"
