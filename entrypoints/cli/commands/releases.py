"""`dataset export|releases`."""

from __future__ import annotations

from argparse import Namespace

from ....domain.release import ExportOptions, Release
from ..main import OK
from ..session import Session

FORMATS = {"1.0": "json", "2.0": "darwin_json_2", None: None}


def export(arguments: Namespace, session: Session) -> int:
    """Make a release."""
    reference, container = session.parts(arguments.dataset)
    options = ExportOptions(
        class_ids=tuple(arguments.class_ids),
        include_authorship=arguments.include_authorship,
        include_url_token=arguments.include_url_token,
        format=FORMATS[arguments.format_version],
    )
    release = container.export_release()(reference, arguments.name, options)
    session.output.say(f"Dataset {reference.dataset} successfully exported to {release.reference}")
    session.output.result(_row(release))
    return OK


def releases(arguments: Namespace, session: Session) -> int:
    """List releases, newest first."""
    reference, container = session.parts(arguments.dataset)
    found = container.list_releases()(reference)
    session.output.table(
        ("NAME", "IMAGES", "CLASSES", "EXPORT_DATE"),
        ((str(one.reference), _count(one.item_count), _count(one.class_count), str(one.created_at)) for one in found),
    )
    session.output.result([_row(one) for one in found])
    return OK


def _count(value: int | None) -> str:
    return "?" if value is None else str(value)


def _row(release: Release) -> dict[str, object]:
    return {
        "name": str(release.reference),
        "status": release.status,
        "latest": release.latest,
        "images": release.item_count,
        "classes": release.class_count,
        "export_date": release.created_at,
        "digest": str(release.digest) if release.digest else None,
    }
