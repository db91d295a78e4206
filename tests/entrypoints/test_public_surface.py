"""What others may rely on: names, types, docstrings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import groundtruth
from groundtruth.domain import errors

ROOT = Path(groundtruth.__file__).parent
LAYERS = ("domain", "ports", "application")


def modules() -> list[str]:
    found = (pkgutil.walk_packages([str(ROOT / layer)], f"groundtruth.{layer}.") for layer in LAYERS)
    return sorted(module.name for layer in found for module in layer)


def error_classes() -> list[type[errors.GroundtruthError]]:
    classes = (value for value in vars(errors).values() if inspect.isclass(value))
    return [one for one in classes if issubclass(one, errors.GroundtruthError)]


def test_public_names_are_sorted_and_there() -> None:
    assert groundtruth.__all__ == sorted(groundtruth.__all__)
    for name in groundtruth.__all__:
        assert inspect.isclass(getattr(groundtruth, name)) or callable(getattr(groundtruth, name))
    assert set(groundtruth.__all__) < set(dir(groundtruth))


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="'groundtruth' has no attribute 'nothing'"):
        groundtruth.nothing  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "py.typed").is_file()


@pytest.mark.parametrize("name", modules())
def test_public_modules_classes_and_functions_are_documented(name: str) -> None:
    module = importlib.import_module(name)
    public = [value for key, value in vars(module).items() if not key.startswith("_")]
    own = [
        one for one in public if getattr(one, "__module__", None) == name and (inspect.isclass(one) or callable(one))
    ]
    assert [one for one in (module, *own) if not inspect.getdoc(one) and not hasattr(one, "__constraints__")] == []


@pytest.mark.parametrize("error", error_classes())
def test_every_error_is_in_a_documented_group(error: type[errors.GroundtruthError]) -> None:
    assert error.__dict__["__doc__"]
    if error is not errors.GroundtruthError:
        [group] = [one for one in error.__mro__ if errors.GroundtruthError in one.__bases__]
        assert f"── {group.__name__} " in (errors.__doc__ or "")
    assert error().message


def test_the_module_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "groundtruth", "version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{groundtruth.__version__}\n"
