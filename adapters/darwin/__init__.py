"""Hubs that speak the API of V7 Darwin (reference: V7 Darwin, sections 1 to 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hub import DarwinHub

__all__ = ["DarwinHub"]


def __getattr__(name: str) -> Any:
    # Whoever only reads the configuration does not wait for the rest.
    if name == "DarwinHub":
        from .hub import DarwinHub

        return DarwinHub
    raise AttributeError(name)
