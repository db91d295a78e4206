"""Model: what made predictions, and where its code and report are (reference: Polaris, section 11.4)."""

from __future__ import annotations

import attrs

from .artifact import ArtifactId, ArtifactKind, ArtifactMeta
from .credits import web_address
from .notebook import html_facts

__all__ = ["Model"]


@attrs.frozen(kw_only=True)
class Model:
    """A published model. On a hub only its readme may change later: what is new is a new version."""

    meta: ArtifactMeta
    readme: str = ""
    code_url: str | None = attrs.field(default=None, validator=web_address)
    report_url: str | None = attrs.field(default=None, validator=web_address)
    artifact_version: int = 1
    artifact_changelog: str | None = None

    def _repr_html_(self) -> str:
        meta = self.meta
        facts = [("Description", meta.description), ("Code", self.code_url), ("Report", self.report_url)]
        return html_facts(f"Model {self.artifact_id or meta.name or 'unnamed'}", facts)

    @property
    def artifact_id(self) -> ArtifactId | None:
        """`owner/slug`, or None until both are known."""
        return self.meta.artifact_id

    @property
    def urn(self) -> str | None:
        """`urn:polaris:model:<owner>:<slug>`, or None until both are known."""
        return self.meta.urn(ArtifactKind.MODEL)
