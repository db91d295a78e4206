"""`hub list|add|use|fsck|gc`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ....domain.errors import Conflict, InvalidInput
from ..main import FAILED, OK
from ..output import file_size, plural, printable
from ..session import Session


def list_hubs(arguments: Namespace, session: Session) -> int:
    """List hubs."""
    rows = [
        {"name": name, "kind": hub.kind, "where": str(hub.path or hub.url), "chosen": name == session.settings.hub}
        for name, hub in session.settings.hubs.items()
    ]
    session.output.table(
        ("NAME", "KIND", "WHERE"),
        (
            (f"{row['name']}{' (chosen)' if row['chosen'] else ''}", str(row["kind"]), str(row["where"]))
            for row in rows
        ),
    )
    session.output.result(rows)
    return OK


def add(arguments: Namespace, session: Session) -> int:
    """Add an embedded hub."""
    if arguments.name in session.settings.hubs:
        raise Conflict(f"hub '{arguments.name}'", "is known already", "Choose another name")
    settings = session.settings.with_hub(arguments.name, Path(arguments.path))
    settings.save()
    session.output.say(f"Hub '{arguments.name}' added. Choose it with: groundtruth hub use {arguments.name}")
    session.output.result({"name": arguments.name, "path": settings.hubs[arguments.name].path})
    return OK


def use(arguments: Namespace, session: Session) -> int:
    """Choose a hub."""
    if arguments.name not in session.settings.hubs:
        known = ", ".join(session.settings.hubs)
        raise InvalidInput(f"hub '{arguments.name}'", "is not known", f"Known hubs: {known}; add one with 'hub add'")
    session.settings.with_values(hub=arguments.name).save()
    session.output.say(f"Hub '{arguments.name}' is used from now on.")
    session.output.result({"hub": arguments.name})
    return OK


def fsck(arguments: Namespace, session: Session) -> int:
    """Look for damage."""
    report = session.container().check_hub()()
    for finding in report.findings:
        users = f", used by {', '.join(finding.used_by[:3])}" if finding.used_by else ""
        more = f" and {len(finding.used_by) - 3:,} more" if len(finding.used_by) > 3 else ""
        session.output.note(f"{finding.damage}: {finding.object}: {printable(finding.detail + users + more)}")
    session.output.say(
        f"{plural(report.objects, 'object')} ({file_size(report.size)}) and {plural(report.documents, 'document')} "
        f"checked: {plural(len(report.findings), 'finding')}"
        + (f", {report.unreferenced:,} unreferenced ('hub gc' frees them)" if report.unreferenced else "")
    )
    if report.findings:
        session.output.note("  Push the files again to restore missing or damaged ones")
    session.output.result(report)
    return OK if report.is_clean else FAILED


def gc(arguments: Namespace, session: Session) -> int:
    """Free what nothing refers to."""
    freed = session.container().collect_hub()(arguments.dry_run)
    verb = "would be freed" if arguments.dry_run else "freed"
    session.output.say(
        f"{plural(freed.objects, 'object')}, {plural(freed.documents, 'document')} and "
        f"{plural(freed.leftovers, 'leftover')} {verb}: {file_size(freed.size)}"
    )
    session.output.result({"dry_run": arguments.dry_run, "freed": freed})
    return OK
