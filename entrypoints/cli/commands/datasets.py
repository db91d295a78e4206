"""`dataset local|remote|create|remove|path|url`."""

from __future__ import annotations

from argparse import Namespace

from ....domain.errors import NotFound
from ..main import FAILED, OK
from ..output import confirm, day, file_size
from ..session import Session


def local(arguments: Namespace, session: Session) -> int:
    """List pulled datasets."""
    found = session.container().list_local_datasets()(arguments.team)
    session.output.table(
        ("NAME", "IMAGES", "SYNC_DATE", "SIZE"),
        (
            (_local_name(one.reference, session), str(one.image_count), day(one.synced_at), file_size(one.size))
            for one in found
        ),
    )
    session.output.result(
        [
            {
                "name": one.reference.identifier,
                "images": one.image_count,
                "sync_date": one.synced_at,
                "size": one.size,
                "path": one.path,
                "releases": one.releases,
            }
            for one in found
        ]
    )
    return OK


def _local_name(reference: object, session: Session) -> str:
    """The short name within the default team, else team and name."""
    team, _, name = str(reference).partition("/")
    return name if team == session.team else f"{team}/{name}"


def remote(arguments: Namespace, session: Session) -> int:
    """List the hub's datasets."""
    team = None if arguments.all else arguments.team
    found = session.container().list_remote_datasets()(team)
    session.output.table(
        ("NAME", "IMAGES", "PROGRESS"),
        ((one.reference.identifier, str(one.item_count), f"{one.progress:.1%}") for one in found),
    )
    session.output.result(
        [
            {"name": one.reference.identifier, "images": one.item_count, "progress": one.progress, "url": one.url}
            for one in found
        ]
    )
    return OK


def create(arguments: Namespace, session: Session) -> int:
    """Create a dataset."""
    reference, container = session.parts(arguments.dataset)
    dataset = container.create_dataset()(reference)
    session.output.say(f"Dataset '{dataset.name}' ({dataset.reference.identifier}) has been created.")
    session.output.say(f"Access at {dataset.url}")
    session.output.result(dataset)
    return OK


def remove(arguments: Namespace, session: Session) -> int:
    """Remove a dataset, after asking."""
    reference, container = session.parts(arguments.dataset)
    hub = container.hub()
    dataset = hub.get_dataset(reference)
    session.output.note(f"About to delete {dataset.reference.identifier} on {hub.name}.")
    if not arguments.yes and not confirm("Do you want to continue?"):
        session.output.note("Nothing was removed.")
        return FAILED
    container.remove_dataset()(reference)
    session.output.say(f"Dataset {dataset.reference.identifier} has been removed.")
    session.output.result({"removed": dataset.reference.identifier})
    return OK


def path(arguments: Namespace, session: Session) -> int:
    """Print the local folder of a dataset."""
    reference, container = session.parts(arguments.dataset)
    folder = container.library().folder(reference)
    if not folder.is_dir():
        raise NotFound(
            "local dataset",
            reference.identifier,
            str(session.settings.datasets_dir),
            f"Pull it first: groundtruth dataset pull {reference}",
        )
    session.output.say(str(folder))
    session.output.result({"path": folder})
    return OK


def url(arguments: Namespace, session: Session) -> int:
    """Print the address of a dataset."""
    reference, container = session.parts(arguments.dataset)
    dataset = container.hub().get_dataset(reference)
    session.output.say(dataset.url)
    session.output.result({"url": dataset.url})
    return OK
