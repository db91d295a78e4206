from __future__ import annotations

from typing import TextIO

from groundtruth.adapters.progress import BarProgress, JsonLinesProgress, LogProgress, NullProgress
from groundtruth.testing.progress import ProgressContract


class TestNullProgress(ProgressContract):
    def make_progress(self, stream: TextIO) -> NullProgress:
        return NullProgress()


class TestLogProgress(ProgressContract):
    def make_progress(self, stream: TextIO) -> LogProgress:
        return LogProgress(stream, interval=0.0)


class TestBarProgress(ProgressContract):
    def make_progress(self, stream: TextIO) -> BarProgress:
        return BarProgress(stream)


class TestJsonLinesProgress(ProgressContract):
    def make_progress(self, stream: TextIO) -> JsonLinesProgress:
        return JsonLinesProgress(stream)
