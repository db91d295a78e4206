"""`dataset files|set-file-status|delete-files|comment|import`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ....application.import_annotations import ImportOptions
from ....domain.errors import InvalidInput
from ....domain.item import Comment, Item, ItemQuery, ItemStatus, StatusChange
from ....domain.names import RemotePath
from ....ports.annotations import ImportMode
from ..main import FAILED, OK
from ..output import confirm, plural, printable
from ..session import Session

SORT_FIELDS = ("inserted_at", "updated_at", "file_size", "filename", "priority")
DIRECTIONS = {"asc": False, "ascending": False, "desc": True, "descending": True}


def files(arguments: Namespace, session: Session) -> int:
    """List items."""
    reference, container = session.parts(arguments.dataset)
    query = ItemQuery(
        statuses=_statuses(arguments.status) if arguments.status else ItemQuery().statuses,
        folders=(RemotePath(arguments.path),) if arguments.path else (),
        sort=_sort(arguments.sort_by),
    )
    items = container.list_items()(reference, query)
    if arguments.json:
        session.output.result([_row(item) for item in items])
    elif arguments.only_filenames:
        for item in items:
            session.output.say(printable(item.name))
    else:
        session.output.table(("NAME", "STATUS", "URL"), ((one.full_path, str(one.status), one.url) for one in items))
    return OK


def _statuses(text: str) -> tuple[ItemStatus, ...]:
    try:
        return tuple(ItemStatus(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        known = ", ".join(status.value for status in ItemStatus)
        raise InvalidInput(f"status {text!r}", "is not known", f"Choose from: {known}") from None


def _sort(text: str) -> tuple[str, bool]:
    field, _, direction = text.partition(":")
    if field not in SORT_FIELDS or (direction or "asc") not in DIRECTIONS:
        raise InvalidInput(
            f"sort order {text!r}", "is not known", f"Write FIELD:asc or FIELD:desc, fields: {', '.join(SORT_FIELDS)}"
        )
    return field, DIRECTIONS[direction or "asc"]


def _row(item: Item) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "path": str(item.path),
        "status": item.status,
        "size": item.size,
        "inserted_at": item.inserted_at,
        "updated_at": item.updated_at,
        "url": item.url,
        "slots": [{"name": slot.name, "type": slot.type} for slot in item.slots],
    }


def set_status(arguments: Namespace, session: Session) -> int:
    """Change the status of items."""
    reference, container = session.parts(arguments.dataset)
    changed = container.set_item_status()(reference, arguments.files, StatusChange(arguments.status))
    return _changed(session, changed.count, changed.missing, f"set to {arguments.status}")


def delete(arguments: Namespace, session: Session) -> int:
    """Delete items, after asking."""
    reference, container = session.parts(arguments.dataset)
    if not arguments.yes and not confirm(
        f"Delete {plural(len(arguments.files), 'item')} of {reference.identifier} for good?"
    ):
        session.output.note("Nothing was deleted.")
        return FAILED
    changed = container.delete_items()(reference, arguments.files)
    return _changed(session, changed.count, changed.missing, "deleted")


def _changed(session: Session, count: int, missing: Sequence[str], what: str) -> int:
    for name in missing:
        session.output.note(f"not found: {printable(name)}")
    session.output.say(f"{plural(count, 'item')} {what}")
    session.output.result({"changed": count, "missing": missing})
    return FAILED if missing else OK


def comment(arguments: Namespace, session: Session) -> int:
    """Comment on an item."""
    reference, container = session.parts(arguments.dataset)
    box = (arguments.x, arguments.y, arguments.w, arguments.h)
    identifier = container.comment_on_item()(reference, arguments.file, Comment(arguments.text, box, arguments.slot))
    session.output.say(f"Comment added to {printable(arguments.file)}")
    session.output.result({"comment": identifier})
    return OK


def import_annotations(arguments: Namespace, session: Session) -> int:
    """Import annotation documents."""
    mode = ImportMode.APPEND if arguments.append else ImportMode.OVERWRITE if arguments.overwrite else None
    # Without anyone to ask, creating the classes that documents name is what an import is for.
    create = arguments.yes or not sys.stdin.isatty() or confirm("Create classes the dataset does not have yet?")
    options = ImportOptions(
        mode=mode,
        create_classes=create,
        delete_for_empty=arguments.delete_for_empty,
        annotators=arguments.import_annotators,
        reviewers=arguments.import_reviewers,
    )
    reference, container = session.parts(arguments.dataset)
    report = container.import_annotations()(reference, [Path(file) for file in arguments.files], options)
    for issue in report.failed:
        session.output.note(f"not imported: {printable(issue.path)}: {printable(issue.reason)}")
    counts = [plural(report.documents, "document"), plural(report.annotations, "annotation")]
    if report.classes_created:
        counts.append(f"classes created: {', '.join(map(printable, report.classes_created))}")
    if report.unchanged:
        counts.append(f"{len(report.unchanged):,} without annotations left alone")
    if report.failed:
        counts.append(f"{len(report.failed):,} not imported")
    session.output.say(f"{report.dataset.reference.identifier}: {', '.join(counts)}")
    session.output.result(
        {
            "documents": report.documents,
            "annotations": report.annotations,
            "classes_created": report.classes_created,
            "unchanged": report.unchanged,
            "failed": report.failed,
        }
    )
    return OK if report.is_complete else FAILED
