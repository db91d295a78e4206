"""Credits: who made something, and where its code and its report are (reference: Polaris, sections 4 and 11.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .artifact import check_artifact_name, check_url

__all__ = ["contributor_names", "web_address"]


def contributor_names(given: Iterable[str]) -> tuple[str, ...]:
    """Convert a field to a tuple of user names.

    Raises:
        InvalidName: one breaks the rule of names.
    """
    return tuple(check_artifact_name(name, "contributor") for name in given)


def web_address(_: Any, field: Any, value: str | None) -> None:
    """Validate a field that holds the address of a web page, or None.

    Raises:
        InvalidInput: not http or https.
    """
    if value is not None:
        check_url(value, field.name)
