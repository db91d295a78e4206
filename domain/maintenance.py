"""Findings about a hub's storage."""

from __future__ import annotations

import enum

import attrs


class Damage(enum.StrEnum):
    """What can be wrong with a stored thing."""

    MISSING = "missing"
    CORRUPT = "corrupt"
    TRUNCATED = "truncated"


@attrs.frozen
class Finding:
    """One damaged thing: what it is, what is wrong, and who refers to it (items, releases)."""

    object: str
    damage: Damage
    detail: str
    used_by: tuple[str, ...] = ()


@attrs.frozen
class HubCheck:
    """Result of looking at everything a hub stores. `unreferenced` objects are no damage; `gc` frees them."""

    objects: int
    documents: int
    size: int
    findings: tuple[Finding, ...] = ()
    unreferenced: int = 0

    @property
    def is_clean(self) -> bool:
        """True if nothing is damaged or missing."""
        return not self.findings

    def __add__(self, other: HubCheck) -> HubCheck:
        return HubCheck(
            self.objects + other.objects,
            self.documents + other.documents,
            self.size + other.size,
            self.findings + other.findings,
            self.unreferenced + other.unreferenced,
        )


@attrs.frozen
class HubCollection:
    """What was freed: number of objects, of documents, of leftover temporary files, and bytes in all."""

    objects: int
    documents: int
    leftovers: int
    size: int

    def __add__(self, other: HubCollection) -> HubCollection:
        return HubCollection(
            self.objects + other.objects,
            self.documents + other.documents,
            self.leftovers + other.leftovers,
            self.size + other.size,
        )
