"""Submissions: predictions handed to a hub, and who made them how (reference: Polaris, sections 9.3 and 9.4)."""

from __future__ import annotations

import attrs

from .artifact import ArtifactId, ArtifactKind, ArtifactMeta
from .credits import contributor_names, web_address
from .predictions import Predictions

__all__ = ["BenchmarkPredictions", "CompetitionPredictions"]


@attrs.frozen(eq=False, kw_only=True)
class BenchmarkPredictions:
    """Predictions on a benchmark, which a hub keeps or scores."""

    benchmark: ArtifactId
    predictions: Predictions
    meta: ArtifactMeta = attrs.field(factory=ArtifactMeta)
    contributors: tuple[str, ...] = attrs.field(default=(), converter=contributor_names)
    model: ArtifactId | None = None

    @property
    def urn(self) -> str | None:
        """`urn:polaris:prediction:<owner>:<slug>`, or None until both are known."""
        return self.meta.urn(ArtifactKind.PREDICTION)


@attrs.frozen(eq=False, kw_only=True)
class CompetitionPredictions:
    """Predictions for a competition.

    Hubs of today want name, owner and `report_url`; those of 2024 took predictions without.
    """

    competition: ArtifactId
    predictions: Predictions
    meta: ArtifactMeta = attrs.field(factory=ArtifactMeta)
    report_url: str | None = attrs.field(default=None, validator=web_address)
    code_url: str | None = attrs.field(default=None, validator=web_address)
    contributors: tuple[str, ...] = attrs.field(default=(), converter=contributor_names)
    model: ArtifactId | None = None

    @property
    def urn(self) -> str | None:
        """`urn:polaris:competition-prediction:<owner>:<slug>`, or None until both are known."""
        return self.meta.urn(ArtifactKind.COMPETITION_PREDICTION)
