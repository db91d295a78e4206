"""Modules that are imported when the first of their parts is made.

A command makes few of the parts that a container can make, and importing all of them would take longer than most
commands do.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


class Later:
    """Stands for a module of this package, and each of its attributes for the class or function of that name."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(f"..{self._module}", __package__), name)(*args, **kwargs)

        return make
