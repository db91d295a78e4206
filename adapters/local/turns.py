"""Doing at once what several threads wait for.

A durable change costs the disk a fixed time, however much changes: threads that come while one is being made are
served together by the next.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import attrs

from ...domain.errors import GroundtruthError

MOST = 64
"""Callers that are served together: a change should not grow without limit."""


@attrs.define(eq=False)
class _Turn:
    """What one caller wants done, and how it ended."""

    ids: Sequence[str]
    is_done: bool = False
    error: GroundtruthError | None = None


class Turns:
    """Calls `work` with the ids of one or more callers together.

    `work` does all of it or nothing, and can be repeated. When it fails for several it is called for each alone, so
    that everyone gets the answer to what they asked.
    """

    def __init__(self, work: Callable[[Sequence[str]], None]) -> None:
        self._work = work
        self._waiting: deque[_Turn] = deque()
        self._gate = threading.Lock()

    def run(self, ids: Sequence[str]) -> None:
        """Have it done; return when it is."""
        mine = _Turn(ids)
        self._waiting.append(mine)
        with self._gate:
            while not mine.is_done:
                self._serve(self._next(mine))
        if mine.error is not None:
            raise mine.error

    def _next(self, mine: _Turn) -> list[_Turn]:
        turns: list[_Turn] = []
        while self._waiting and len(turns) < MOST:
            turn = self._waiting.popleft()
            # One whose thread was interrupted is done by nobody else.
            if not turn.is_done:
                turns.append(turn)
        return turns or [mine]

    def _serve(self, turns: list[_Turn]) -> None:
        try:
            self._work(list(dict.fromkeys(one for turn in turns for one in turn.ids)))
        except GroundtruthError as error:
            if len(turns) == 1:
                turns[0].error, turns[0].is_done = error, True
                return
            for turn in turns:
                self._serve([turn])
        else:
            for turn in turns:
                turn.is_done = True
