"""Writing documents: what all kinds of artifacts share, in the order of the format (reference: Polaris, 4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ...domain.artifact import ArtifactKind, ArtifactMeta
from ...ports.artifacts import DocumentStyle, Json
from .reading import camel


def meta_fields(meta: ArtifactMeta) -> Json:
    """Name to slug, in snake case."""
    return {
        "name": meta.name,
        "description": meta.description,
        "tags": list(meta.tags),
        "user_attributes": dict(meta.user_attributes),
        "owner": None if meta.owner is None else meta.owner.slug,
        "polaris_version": meta.polaris_version,
        "slug": meta.slug,
    }


def identity_fields(meta: ArtifactMeta, kind: ArtifactKind) -> Json:
    """Id and URN: null until owner and slug are known."""
    identity = meta.artifact_id
    return {"artifact_id": None if identity is None else str(identity), "urn": meta.urn(kind)}


def styled(
    fields: Mapping[str, Any], style: DocumentStyle, *, as_they_are: Iterable[str] = (), nulls: Iterable[str] = ()
) -> Json:
    """Spell the keys in that style, and on the wire leave nulls out.

    `as_they_are` keep their spelling on the wire, `nulls` stay there even if null.
    """
    if style is DocumentStyle.DISK:
        return dict(fields)
    verbatim, kept = set(as_they_are), set(nulls)
    return {
        name if name in verbatim else camel(name): value
        for name, value in fields.items()
        if value is not None or name in kept
    }


NUMBERS_AS_TEXT = frozenset({"NaN", "Infinity", "-Infinity"})
"""How numbers that JSON has not stand in documents on disk; the peer reads them as numbers, too."""


def text_of_number(value: float) -> float | str:
    """Write a number: a number, or one of `NUMBERS_AS_TEXT`."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
