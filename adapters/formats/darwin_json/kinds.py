"""Which main type an annotation of the wire has, told without making its shape."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from operator import attrgetter
from typing import Any

from ....domain.main_types import MAIN_TYPES
from . import wire

payloads: Callable[[wire.Holder], tuple[Any, ...]] = attrgetter(*MAIN_TYPES)
"""The payload of each main type, None where it is absent, in the order in which they are looked for."""


def main_type(source: wire.AnyAnnotation) -> str:
    """Kind of the annotation that `read_annotation` makes if there are no extras."""
    if source.frames is None:
        return _main_type(source)
    frames = source.frames
    return next((kind for index in sorted(frames) if (kind := _main_type(frames[index]))), "")


def _main_type(holder: wire.Holder) -> str:
    if holder.polygon is None and holder.bounding_box is not None:
        return "bounding_box"  # most are
    return next(compress(MAIN_TYPES, payloads(holder)), "")
