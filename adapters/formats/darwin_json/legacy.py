"""Older spellings of Darwin JSON, rewritten in place to those of 2.0 (reference: V7 Darwin, sections 8.5, 8.7)."""

from __future__ import annotations

from typing import Any


def modernise(tree: Any) -> None:
    """Rewrite `segments`, `sections`, `polygon.path` and `complex_polygon` in all annotations of a document.

    Where the new spelling is there as well the old one is left alone: it is then kept as an unknown key.
    Values of a wrong type are left for the validation to report.
    """
    annotations = tree.get("annotations") if isinstance(tree, dict) else None
    for annotation in annotations if isinstance(annotations, list) else ():
        if isinstance(annotation, dict):
            _modernise_video(annotation)
            frames = annotation.get("frames")
            for holder in (annotation, *(frames.values() if isinstance(frames, dict) else ())):
                if isinstance(holder, dict):
                    _modernise_polygon(holder)


def _modernise_video(annotation: dict[str, Any]) -> None:
    sections = annotation.get("sections")
    if isinstance(sections, dict) and isinstance(frames := annotation.setdefault("frames", {}), dict):
        twice = {index: section for index, section in sections.items() if index in frames}
        frames.update((index, section) for index, section in sections.items() if index not in twice)
        _replace(annotation, "sections", twice)
    if "frames" in annotation and "segments" in annotation and "ranges" not in annotation:
        annotation["ranges"] = annotation.pop("segments")


def _modernise_polygon(holder: dict[str, Any]) -> None:
    if "complex_polygon" in holder and "polygon" not in holder:
        holder["polygon"] = holder.pop("complex_polygon")
    polygon = holder.get("polygon")
    if not isinstance(polygon, dict) or "paths" in polygon or not isinstance(polygon.get("path"), list):
        return
    first = polygon.pop("path")
    paths = first if first and isinstance(first[0], list) else [first]
    more = polygon.get("additional_paths")
    if isinstance(more, list):
        paths = [*paths, *polygon.pop("additional_paths")]
    polygon["paths"] = paths


def _replace(holder: dict[str, Any], key: str, rest: dict[str, Any]) -> None:
    if rest:
        holder[key] = rest
    else:
        del holder[key]
