"""What can be reached from an object by whoever holds it."""

from __future__ import annotations

import gc
import pickle
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_CODE = (type, types.ModuleType, types.CodeType, types.BuiltinFunctionType, types.MethodDescriptorType)


def reachable(start: Any) -> Iterator[Any]:
    """Every object that `start` leads to, itself included; not what code refers to (modules, classes, globals)."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _CODE):
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, types.FunctionType):
            waiting += [one.__defaults__, one.__kwdefaults__, *(cell.cell_contents for cell in one.__closure__ or ())]
            continue
        waiting += gc.get_referents(one)
        if isinstance(one, np.ndarray):
            waiting.append(one.base)  # numpy does not tell the collector
            if one.dtype == object:
                waiting += one.tolist()
        if isinstance(one, memoryview):
            waiting.append(one.obj)


def secrets_reached(start: Any, secrets: np.ndarray) -> list[Any]:
    """What of `secrets`, values that occur nowhere else, can be reached from `start`, in an array, text or bytes."""
    values = {str(value) for value in secrets.tolist()}
    return [one for one in reachable(start) if _holds(one, secrets, values)]


def _holds(one: Any, secrets: np.ndarray, values: set[str]) -> bool:
    if isinstance(one, np.ndarray) and one.dtype.kind == secrets.dtype.kind:
        return bool(np.isin(secrets, one).any())
    if isinstance(one, np.ndarray) and one.dtype != object:
        one = one.tobytes()
    if isinstance(one, bytes | bytearray):
        return any(secrets[i : i + 1].tobytes() in one for i in range(len(secrets)))
    return isinstance(one, int | float | str | np.generic) and str(one) in values


def pickled(one: Any) -> bytes:
    """The bytes of a pickle, arrays in the open."""
    return pickle.dumps(one, protocol=4)
