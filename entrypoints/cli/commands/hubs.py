"""`hub list|add|use|fsck|gc` and `compression`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import attrs

from ....adapters.settings import HubSettings
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
    """Add a hub."""
    if arguments.name in session.settings.hubs:
        raise Conflict(f"hub '{arguments.name}'", "is known already", "Choose another name")
    kind = arguments.kind or ("embedded" if arguments.path else "darwin")
    if (kind == "embedded") != bool(arguments.path):
        raise InvalidInput(f"--kind {kind}", f"needs --{'path' if kind == 'embedded' else 'url'}")
    if arguments.path:
        made = HubSettings(path=Path(arguments.path).expanduser().absolute())
    else:
        made = HubSettings(kind, url=arguments.url.rstrip("/"))
    settings = session.settings.with_hub(arguments.name, made)
    settings.save()
    session.output.say(f"Hub '{arguments.name}' added. Choose it with: groundtruth hub use {arguments.name}")
    if made.url:
        session.output.say(f"Say who you are with: groundtruth authenticate --hub {arguments.name}")
    session.output.result({"name": arguments.name, "kind": kind, "path": made.path, "url": made.url})
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
    report = session.embedded().check_hub()()
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
    freed = session.embedded().collect_hub()(arguments.dry_run)
    verb = "would be freed" if arguments.dry_run else "freed"
    session.output.say(
        f"{plural(freed.objects, 'object')}, {plural(freed.documents, 'document')} and "
        f"{plural(freed.leftovers, 'leftover')} {verb}: {file_size(freed.size)}"
    )
    session.output.result({"dry_run": arguments.dry_run, "freed": freed})
    return OK


def compression(arguments: Namespace, session: Session) -> int:
    """Set how much what is sent to a hub is compressed."""
    settings = session.settings
    hub = settings.check_hub()
    if hub.kind == "embedded":
        raise InvalidInput(
            f"hub '{settings.hub}'", "is a folder of this machine; nothing is sent", "Name another with --hub"
        )
    changed = attrs.evolve(hub, compression=arguments.level)
    settings.with_hub(settings.hub, changed).save()
    session.output.result({"hub": settings.hub, "compression": arguments.level})
    return OK
