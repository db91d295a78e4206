"""Faults: how a fake is told to fail.

    hub = MemoryHub(codec)
    hub.faults.fail("put", Unavailable("the hub", status=503), times=2)  # the next two puts fail
    hub.faults.fail_when("put", lambda upload, _: upload.slot.file_name == "b.jpg", DiskFull("/"))
    hub.faults.clear()

The name is that of the port's method; the predicate gets the arguments of the call. An error is raised before the
method does anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import attrs

Predicate = Callable[..., bool]


@attrs.define
class _Fault:
    predicate: Predicate
    error: BaseException
    left: int | None


@attrs.define
class Faults:
    """Errors waiting to be raised, in the order in which they were planned. Thread-safe."""

    _planned: dict[str, list[_Fault]] = attrs.field(factory=dict[str, list[_Fault]], init=False)
    _lock: Any = attrs.field(factory=threading.Lock, init=False, repr=False, eq=False)

    def fail(self, method: str, error: BaseException, times: int | None = 1) -> None:
        """Make the next `times` calls of a method raise `error`; None: all of them."""
        self.fail_when(method, lambda *_: True, error, times)

    def fail_when(self, method: str, predicate: Predicate, error: BaseException, times: int | None = None) -> None:
        """Make calls whose arguments fit `predicate` raise `error`, at most `times` of them."""
        with self._lock:
            self._planned.setdefault(method, []).append(_Fault(predicate, error, times))

    def clear(self) -> None:
        """Plan no failure any more."""
        with self._lock:
            self._planned.clear()

    def check(self, method: str, *arguments: object) -> None:
        """Raise what is planned for this call, if anything. Fakes call it first in every method."""
        with self._lock:
            for fault in self._planned.get(method, ()):
                if fault.left != 0 and fault.predicate(*arguments):
                    fault.left = None if fault.left is None else fault.left - 1
                    # A traceback left over from an earlier raise would grow with every call.
                    raise fault.error.with_traceback(None)
