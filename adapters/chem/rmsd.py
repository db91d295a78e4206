"""rmsd_coverage through RDKit: how many predicted poses are close to the true ones (reference: Polaris, 10.4)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from ...domain.errors import InvalidInput, InvalidPredictions, MissingExtra
from ...ports.scoring import Rows, ScoredRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "rmsd_coverage"
CLOSE_ENOUGH = 2.0
"""In ångström; a pose exactly that far off still counts."""


class RmsdScorer:
    """Scorer of `rmsd_coverage`: rows are RDKit molecules with a conformer, true and predicted."""

    @property
    def labels(self) -> Collection[str]:
        """Labels of the metrics it computes."""
        return (LABEL,)

    @property
    def software(self) -> Mapping[str, str]:
        """RDKit and its version; empty where it is not installed."""
        try:
            return {"rdkit": metadata.version("rdkit")}
        except metadata.PackageNotFoundError:
            return {}

    def prepare(self, truth: Rows, predictions: Rows) -> ScoredRows:
        """Distance of each pair; a pair that cannot be compared is refused when it is scored."""
        if len(truth) != len(predictions):
            raise InvalidPredictions("predictions", f"are {len(predictions)} molecules, expected {len(truth)}")
        pairs = enumerate(zip(truth, predictions, strict=True))
        return PoseRows([_distance(row, true, given) for row, (true, given) in pairs])


class PoseRows:
    """Distances of poses; an error in place of one that could not be had."""

    def __init__(self, distances: Sequence[float | InvalidInput]) -> None:
        self._failed = {row: found for row, found in enumerate(distances) if isinstance(found, InvalidInput)}
        self._close = np.array([not isinstance(found, InvalidInput) and found <= CLOSE_ENOUGH for found in distances])

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """Share of the rows whose pose is close enough; NaN without rows.

        Raises:
            InvalidInput: a row whose molecules cannot be compared.
        """
        chosen = np.arange(len(self._close)) if rows is None else rows
        for row in chosen.tolist() if self._failed else ():
            if row in self._failed:
                raise self._failed[row]
        return float(self._close[chosen].mean()) if chosen.size else math.nan

    def details(self, label: str) -> Mapping[str, float]:
        """None: poses have no classes."""
        return {}


def _distance(row: int, true: Any, given: Any) -> float | InvalidInput:
    try:
        return heavy_atom_rmsd(true, given)
    except InvalidInput as error:
        return type(error)(f"row {row}: {error.what}", error.reason, error.advice)


def heavy_atom_rmsd(reference: Any, pose: Any) -> float:
    """Symmetry-aware distance of the first conformers in place, in ångström, without hydrogens.

    Nothing is moved; of all matches of the atoms the nearest counts, conjugated terminal groups symmetrised.

    Raises:
        InvalidInput, InvalidPredictions: no molecule, no conformer, or no match between the two.
        MissingExtra: RDKit is not installed.
    """
    try:
        from rdkit import Chem
        from rdkit.Chem import rdMolAlign
    except ImportError as error:
        raise MissingExtra(LABEL, "chem") from error
    for molecule, what, wrong in ((reference, "true", InvalidInput), (pose, "predicted", InvalidPredictions)):
        if not isinstance(molecule, Chem.Mol) or not molecule.GetNumConformers():
            raise wrong(f"{what} molecule", "is no RDKit molecule with a conformer")
    bare = [Chem.RemoveHs(molecule) for molecule in (pose, reference)]  # copies
    try:
        return float(rdMolAlign.CalcRMS(*bare, symmetrizeConjugatedTerminalGroups=True))
    except RuntimeError as error:
        advice = "Predict a pose of the same molecule"
        raise InvalidPredictions("predicted molecule", "does not match the true one", advice) from error
