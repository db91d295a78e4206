"""`dataset push`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ....application.push import PushIssue, PushOptions, PushReport
from ....domain.names import RemotePath
from ....domain.upload import MergeMode
from ..main import FAILED, OK
from ..output import file_size, plural, printable
from ..session import Session

SHOWN = 20
"""Issues listed one by one; the rest is counted (all of them with -v or --json)."""


def push(arguments: Namespace, session: Session) -> int:
    """Upload files; list what was refused and say what was done."""
    options = PushOptions(
        path=RemotePath(arguments.path),
        preserve_folders=arguments.preserve_folders,
        exclude=tuple(arguments.exclude),
        fps=frame_rate(arguments.fps),
        as_frames=arguments.frames,
        extract_views=arguments.extract_views,
        handle_as_slices=arguments.handle_as_slices,
        merge=MergeMode(arguments.item_merge_mode) if arguments.item_merge_mode else None,
    )
    reference, container = session.parts(arguments.dataset)
    report = container.push_items()(reference, [Path(file) for file in arguments.files], options)
    _explain(report, session)
    session.output.result(
        {
            "dataset": report.dataset.reference.identifier,
            "items": report.items,
            "files": report.files,
            "size": report.size,
            "present": report.present,
            "skipped": report.skipped,
            "failed": report.failed,
        }
    )
    return OK if report.is_complete else FAILED


def frame_rate(text: str) -> float | str:
    """A frame rate as options take it; they say what is wrong with any other text."""
    try:
        return float(text)
    except ValueError:
        return text  # `native`, or refused with a message


def _explain(report: PushReport, session: Session) -> None:
    _list("not uploaded", report.failed, session)
    if session.verbose:
        _list("skipped", report.skipped, session)
    counts = [f"{plural(report.items, 'item')} uploaded ({file_size(report.size)})"]
    if report.present:
        counts.append(f"{len(report.present):,} already in the dataset")
    if report.skipped:
        kinds = sorted({issue.reason for issue in report.skipped})
        counts.append(f"{len(report.skipped):,} skipped ({', '.join(kinds)})")
    if report.failed:
        counts.append(f"{len(report.failed):,} not uploaded")
    session.output.say(f"{report.dataset.reference.identifier}: {', '.join(counts)}")


def _list(heading: str, issues: list[PushIssue], session: Session) -> None:
    shown = issues if session.verbose else issues[:SHOWN]
    for issue in shown:
        session.output.note(f"{heading}: {printable(issue.path)}: {printable(issue.reason)}")
    if len(issues) > len(shown):
        session.output.note(f"{heading}: {len(issues) - len(shown):,} more; list all with -v or --json")
