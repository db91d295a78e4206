"""The wheel holds every package directory, and nothing lands at the top of site-packages but `groundtruth`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("domain", "ports", "application", "adapters", "entrypoints", "testing")


def package_directories() -> set[str]:
    found = {"groundtruth"}
    for top in CODE:
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join(("groundtruth", *init.parent.relative_to(ROOT).parts)))
    return found


def listed_packages() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return set(settings["tool"]["setuptools"]["packages"])


def test_every_package_directory_is_listed() -> None:
    assert listed_packages() == package_directories()


def test_every_module_is_in_a_package() -> None:
    strays = [
        str(module.relative_to(ROOT))
        for top in CODE
        for module in (ROOT / top).rglob("*.py")
        if not (module.parent / "__init__.py").exists()
    ]
    assert strays == []


@pytest.mark.parametrize("name", ["groundtruth.nothing"])
def test_the_comparison_would_notice(name: str) -> None:
    assert name not in package_directories()
