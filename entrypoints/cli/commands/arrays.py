"""`dataset show|upload|cache|checksum`: datasets of arrays. `show` knows annotation datasets, too."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ....domain.errors import InvalidInput, InvalidName, NotFound
from ....domain.policies import ConflictPolicy
from ..artifacts import client_of, document_of, facts, full_name
from ..main import FAILED, OK
from ..output import file_size
from ..session import Session

if TYPE_CHECKING:
    from ....domain.array_dataset import ArrayDataset
    from ...client import Client


def show(arguments: Namespace, session: Session) -> int:
    """Show what a dataset is: one of arrays if there is one of that name, else one of annotations."""
    client = client_of(session)
    dataset = _arrays(client, session, arguments)
    if dataset is None:
        return _show_annotations(arguments, session)
    _show(session, dataset)
    return OK


def _arrays(client: Client, session: Session, arguments: Namespace) -> ArrayDataset | None:
    """The dataset of arrays of that name; None if there is none."""
    if Path(arguments.dataset).exists():
        return client.load_dataset(Path(arguments.dataset), arguments.verify_checksum)
    if session.settings.check_hub().kind == "darwin" or ":" in arguments.dataset:
        return None
    try:
        return client.get_dataset(full_name(session, arguments.dataset), verify_checksum=arguments.verify_checksum)
    except (NotFound, InvalidName):
        return None
    except InvalidInput:
        if client.settings.check_hub().kind == "embedded":
            # The team cannot own datasets of arrays, so it has none.
            return None
        raise


def _show_annotations(arguments: Namespace, session: Session) -> int:
    reference, container = session.parts(arguments.dataset)
    dataset = container.hub().get_dataset(reference)
    releases = container.list_releases()(dataset.reference)
    facts(
        session.output,
        [
            ("dataset", dataset.reference.identifier),
            ("kind", "annotations"),
            ("items", dataset.item_count),
            ("progress", f"{dataset.progress:.1%}"),
            ("releases", ", ".join(release.name for release in releases)),
            ("address", dataset.url),
        ],
    )
    session.output.result(
        {
            "kind": "annotations",
            "name": dataset.reference.identifier,
            "items": dataset.item_count,
            "progress": dataset.progress,
            "releases": [release.name for release in releases],
            "url": dataset.url,
        }
    )
    return OK


def _show(session: Session, dataset: ArrayDataset) -> None:
    rows, _ = dataset.size()
    facts(
        session.output,
        [
            ("dataset", dataset.meta.artifact_id or dataset.meta.name),
            ("kind", "arrays"),
            ("version", dataset.version),
            ("description", dataset.meta.description),
            ("rows", f"{rows:,}"),
            ("checksum", dataset.md5sum),
            ("archive", dataset.zarr_root),
            ("license", dataset.license),
            ("source", dataset.source),
            ("tags", ", ".join(dataset.meta.tags)),
        ],
    )
    session.output.table(
        ("COLUMN", "TYPE", "MODALITY", "ADAPTER", "DESCRIPTION"),
        (
            (
                name,
                f"{one.dtype}{' (pointer)' if one.is_pointer else ''}",
                "" if one.modality == "UNKNOWN" else str(one.modality),
                str(dataset.default_adapters.get(name, "")),
                one.description or "",
            )
            for name, one in dataset.annotations.items()
        ),
    )
    session.output.result({"kind": "arrays", **document_of(session, dataset)})


def upload(arguments: Namespace, session: Session) -> int:
    """Put a dataset on the hub."""
    client = client_of(session)
    dataset = client.load_dataset(Path(arguments.path))
    if arguments.name is not None:
        meta = attrs.evolve(dataset.meta, name=arguments.name, slug=None)
        dataset = attrs.evolve(dataset, meta=meta)
    _show(session, client.upload_dataset(dataset, arguments.access, if_exists=arguments.if_exists))
    return OK


def cache(arguments: Namespace, session: Session) -> int:
    """Copy a dataset to this machine, so that it is opened without the hub."""
    client = client_of(session)
    dataset = client.load_dataset(full_name(session, arguments.dataset), arguments.verify_checksum)
    named = str(dataset.meta.artifact_id or dataset.meta.slug or "dataset")
    folder = Path(arguments.to) if arguments.to else session.settings.home / "arrays" / named
    document = client.save(dataset, folder, ConflictPolicy(arguments.if_exists))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    session.output.say(f"{named} cached at {document} ({file_size(size)})")
    session.output.result({"dataset": named, "path": document, "size": size})
    return OK


def checksum(arguments: Namespace, session: Session) -> int:
    """Compute the checksum of a dataset from its data, and compare it with the known one."""
    client = client_of(session)
    dataset = client.load_dataset(full_name(session, arguments.dataset), "ignore")
    known = dataset.md5sum
    if dataset.version == 1:
        found = client.container.compute_checksum()(dataset)
        parts = [("table", found.table.hex()), ("archive", found.tree)]
        actual, files = found.md5sum, len(found.files)
    else:
        listed = client.container.compute_checksum().files(dataset)
        from ....domain.tree_digest import tree_digest

        actual, files, parts = tree_digest(listed), len(listed), []
    holds = known in {None, actual}
    facts(
        session.output,
        [
            ("dataset", dataset.meta.artifact_id or dataset.meta.name),
            ("checksum", actual),
            *parts,
            ("files", files or None),
            ("known", known),
            ("verdict", "unknown" if known is None else "as known" if holds else "DIFFERS"),
        ],
    )
    session.output.result({"checksum": actual, "known": known, "holds": holds, "files": files, **dict(parts)})
    return OK if holds else FAILED
