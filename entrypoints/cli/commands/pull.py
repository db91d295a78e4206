"""`dataset pull|verify|split`."""

from __future__ import annotations

from argparse import Namespace

from ....application.pull import PullOptions, PullReport
from ....application.releases import Waiting
from ....domain.errors import InvalidInput
from ....domain.placement import PlacementOptions
from ..main import FAILED, OK
from ..output import file_size, plural, printable
from ..session import Session

SHOWN = 20


def pull(arguments: Namespace, session: Session) -> int:
    """Download a release; list what could not be had and say what was done."""
    if arguments.retry and not 0 < arguments.retry_interval <= arguments.retry_timeout:
        raise InvalidInput("--retry-interval", "must be above 0 and at most --retry-timeout")
    options = PullOptions(
        placement=PlacementOptions(
            use_folders=arguments.use_folders,
            force_slots=arguments.force_slots,
            ignore_slots=arguments.ignore_slots,
            video_frames=arguments.video_frames,
        ),
        only_annotations=arguments.only_annotations,
        force=arguments.force,
        remove_extra=arguments.remove_extra,
        allow_missing=arguments.allow_missing,
        local_paths=arguments.local_paths,
        waiting=Waiting(arguments.retry_timeout, arguments.retry_interval) if arguments.retry else Waiting(),
    )
    reference, container = session.parts(arguments.dataset)
    if arguments.no_multi_processed:
        from dependency_injector import providers

        container.transfer.add_kwargs(workers=providers.Object(1))
    report = container.pull_release()(reference, options)
    _explain(report, session)
    session.output.result(
        {
            "release": str(report.release.reference),
            "path": report.path,
            "published": report.published,
            "up_to_date": report.up_to_date,
            "documents": report.documents,
            "fetched": report.fetched,
            "present": report.present,
            "size": report.size,
            "problems": report.problems,
            "removed": report.removed,
        }
    )
    return OK if report.is_complete else FAILED


def _explain(report: PullReport, session: Session) -> None:
    shown = report.problems if session.verbose else report.problems[:SHOWN]
    for problem in shown:
        session.output.note(f"problem: {printable(problem.name)}: {printable(problem.reason)}")
    if len(report.problems) > len(shown):
        session.output.note(f"problem: {len(report.problems) - len(shown):,} more; list all with -v or --json")
    name = report.release.reference
    if report.up_to_date:
        session.output.say(f"Dataset {name} is up to date at {report.path} .")
        return
    counts = [
        plural(report.documents, "annotation file"),
        f"{plural(report.fetched, 'file')} fetched ({file_size(report.size)})",
    ]
    counts += [f"{report.present:,} there already"] if report.present else []
    counts += [f"{len(report.removed):,} removed"] if report.removed else []
    counts += [plural(len(report.problems), "problem")] if report.problems else []
    session.output.say(f"{name}: {', '.join(counts)}")
    if not report.published:
        session.output.note(
            f"error: {name} is not complete, so it was not published; what arrived is kept.\n"
            "  Pull again to go on, or add --allow-missing to publish it without the missing files"
        )
    elif report.problems:
        session.output.say(f"Dataset {name} downloaded at {report.path} , with problems.")
    else:
        session.output.say(f"Dataset {name} downloaded at {report.path} .")


def verify(arguments: Namespace, session: Session) -> int:
    """Check every file of a pulled release."""
    reference, container = session.parts(arguments.dataset)
    report = container.verify_release()(reference)
    for fault in report.faults:
        session.output.note(f"fault: {printable(fault.path)}: {printable(fault.reason)}")
    for problem in report.problems:
        session.output.note(f"never pulled: {printable(problem.name)}: {printable(problem.reason)}")
    name = report.release.reference
    if report.is_clean:
        counts = (
            plural(report.release.item_count, "annotation file"),
            plural(report.release.file_count, "media file"),
        )
        session.output.say(f"{name}: {', '.join(counts)} verified, all as pulled")
    else:
        session.output.say(
            f"{name}: {len(report.faults):,} damaged or missing, {len(report.problems):,} never pulled"
        )
        session.output.note(f"  Mend it with: groundtruth dataset pull {name} --force")
    session.output.result(
        {
            "release": str(name),
            "clean": report.is_clean,
            "files": report.release.file_count,
            "faults": report.faults,
            "problems": report.problems,
        }
    )
    return OK if report.is_clean else FAILED


def split(arguments: Namespace, session: Session) -> int:
    """Split a pulled release."""
    reference, container = session.parts(arguments.dataset)
    report = container.split_release()(reference, arguments.val_percentage, arguments.test_percentage, arguments.seed)
    sizes = report.split.sizes
    session.output.say(f"{sizes.train} for training, {sizes.val} for validation, {sizes.test} for testing")
    session.output.say(str(report.folder))
    session.output.result({"sizes": sizes, "seed": report.split.seed, "folder": report.folder})
    return OK
