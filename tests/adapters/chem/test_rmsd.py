from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.chem.rmsd import RmsdScorer, heavy_atom_rmsd
from groundtruth.domain.errors import InvalidInput, InvalidPredictions, MissingExtra
from groundtruth.domain.metrics import score

Chem = pytest.importorskip("rdkit.Chem")
AllChem = pytest.importorskip("rdkit.Chem.AllChem")


def molecules(blocks: list[str]) -> list[Any]:
    return [Chem.MolFromMolBlock(block, removeHs=False) for block in blocks]


def pose(smiles: str, seed: int = 7) -> Any:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=seed)
    return molecule


def moved(molecule: Any, by: float) -> Any:
    copy = Chem.Mol(molecule)
    conformer = copy.GetConformer()
    conformer.SetPositions(conformer.GetPositions() + np.array([by, 0, 0]))
    return copy


def test_vectors(vectors: Path) -> None:
    for case in json.loads((vectors / "polaris" / "rmsd_coverage.json").read_text())["cases"]:
        truth, given = molecules(case["y_true_molblocks"]), molecules(case["y_pred_molblocks"])
        if "error" in case["expected"]:
            with pytest.raises(InvalidInput, match="row"):
                score("rmsd_coverage", truth, given, scorers=[RmsdScorer()])
            continue
        distances = [heavy_atom_rmsd(true, pred) for true, pred in zip(truth, given, strict=True)]
        assert distances == pytest.approx(case["rmsd"]["value"], rel=1e-9)
        assert score("rmsd_coverage", truth, given, scorers=[RmsdScorer()]) == case["expected"]["value"]


def test_what_is_close() -> None:
    butane = pose("CCCC")
    truth, given = [butane] * 3, [butane, moved(butane, 1.9), moved(butane, 2.1)]
    assert score("rmsd_coverage", truth, given, scorers=[RmsdScorer()]) == pytest.approx(2 / 3)
    assert butane.GetNumAtoms() == 14  # hydrogens are taken off a copy


def test_lengths_differ() -> None:
    with pytest.raises(InvalidPredictions, match="1 rows, expected 2"):
        score("rmsd_coverage", [pose("CC")] * 2, [pose("CC")], scorers=[RmsdScorer()])
    with pytest.raises(InvalidPredictions, match="expected 2"):
        RmsdScorer().prepare([pose("CC")] * 2, [pose("CC")])


def test_missing_truth_is_left_out() -> None:
    ethane = pose("CC")
    assert score("rmsd_coverage", [ethane, None], [ethane, pose("CCO")], scorers=[RmsdScorer()]) == 1.0


def test_no_pose_is_refused_where_it_counts() -> None:
    ethane = pose("CC")
    rows = RmsdScorer().prepare([ethane, ethane], [ethane, Chem.MolFromSmiles("CC")])
    assert rows.score("rmsd_coverage", np.array([0])) == 1.0
    assert math.isnan(rows.score("rmsd_coverage", np.array([], dtype=int)))
    with pytest.raises(InvalidPredictions, match="row 1"):
        rows.score("rmsd_coverage")


def test_without_a_scorer() -> None:
    with pytest.raises(MissingExtra, match=r"groundtruth\[chem\]"):
        score("rmsd_coverage", [pose("CC")], [pose("CC")])
