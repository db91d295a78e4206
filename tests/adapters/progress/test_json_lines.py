from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor

from groundtruth.adapters.progress import JsonLinesProgress
from groundtruth.ports.progress import Advanced, Finished, Retrying, Started, Transferred, Warned


def test_every_event_is_one_object() -> None:
    stream = io.StringIO()
    progress = JsonLinesProgress(stream)
    for event in (
        Started("pull", None, "files"),
        Transferred("pull", "día\n.jpg", 10, 20),
        Advanced("pull", 1, 20),
        Retrying("a.jpg", "HTTP 503", 1.5, 2),
        Warned("careful"),
        Finished("pull"),
    ):
        progress.report(event)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"event": "started", "task": "pull", "total": None, "unit": "files"},
        {"event": "transferred", "task": "pull", "key": "día\n.jpg", "size": 10, "total": 20},
        {"event": "advanced", "task": "pull", "count": 1, "size": 20},
        {"event": "retrying", "key": "a.jpg", "reason": "HTTP 503", "wait": 1.5, "attempt": 2},
        {"event": "warned", "message": "careful"},
        {"event": "finished", "task": "pull"},
    ]
    assert stream.getvalue().isascii()


def test_lines_of_several_threads_stay_whole() -> None:
    stream = io.StringIO()
    progress = JsonLinesProgress(stream)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: progress.report(Advanced("x" * 50, number)), range(2000)))
    counts = [json.loads(line)["count"] for line in stream.getvalue().splitlines()]
    assert sorted(counts) == list(range(2000))
