"""Documents of models (reference: Polaris, sections 3.10 and 11.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.artifact import ArtifactKind, check_url
from ...domain.model import Model
from ...ports.artifacts import DocumentStyle, Json
from .reading import reading
from .writing import identity_fields, meta_fields, styled


def dump_model(model: Model, style: DocumentStyle) -> Json:
    """Write a model's document."""
    fields = {
        **meta_fields(model.meta),
        "readme": model.readme,
        "code_url": model.code_url,
        "report_url": model.report_url,
        "artifact_version": model.artifact_version,
        "artifact_changelog": model.artifact_changelog,
        **identity_fields(model.meta, ArtifactKind.MODEL),
        "version": 1,
    }
    return styled(fields, style)


def load_model(document: Mapping[str, Any], source: str = "") -> Model:
    """Read a model's document, keys of either style.

    Raises:
        InvalidDocument: a field has another type or breaks a rule.
    """
    with reading(document, "model", source) as fields:
        return Model(
            meta=fields.meta(),
            readme=fields.text("readme") or "",
            code_url=fields.checked("code_url", check_url),
            report_url=fields.checked("report_url", check_url),
            artifact_version=fields.whole("artifact_version", 1),
            artifact_changelog=fields.text("artifact_changelog"),
        )
