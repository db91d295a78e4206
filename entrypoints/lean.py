"""Importing dependency-injector without what it looks for on the side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOOKED_FOR = frozenset({"pydantic", "pydantic_settings", "fastapi", "fast_depends", "starlette", "werkzeug", "yaml"})


class _Absent:
    """Finds no framework, and says so before anyone else looks."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name in LOOKED_FOR:
            raise ModuleNotFoundError(f"{name} is not looked for", name=name)


@contextmanager
def without_frameworks() -> Iterator[None]:
    """Let web frameworks, and what reads files of settings for it, seem not to be installed while the block imports.

    dependency-injector imports those that are, to fit into their request handlers; that takes up to half a second and
    a program of its own has no use for it. What is imported already stays.
    """
    sys.meta_path.insert(0, _Absent)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.meta_path.remove(_Absent)  # type: ignore[arg-type]
