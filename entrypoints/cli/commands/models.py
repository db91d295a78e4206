"""`model list|show|upload`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ....domain.errors import InvalidInput
from ..artifacts import client_of, document_of, facts, full_name, list_artifacts
from ..main import OK
from ..session import Session

if TYPE_CHECKING:
    from ....domain.model import Model


def list_models(arguments: Namespace, session: Session) -> int:
    """List models."""
    list_artifacts(arguments, session, "model", client_of(session).list_models)
    return OK


def show(arguments: Namespace, session: Session) -> int:
    """Show a model."""
    _show(session, client_of(session).get_model(full_name(session, arguments.model)))
    return OK


def _show(session: Session, model: Model) -> None:
    facts(
        session.output,
        [
            ("model", model.artifact_id),
            ("description", model.meta.description),
            ("tags", ", ".join(model.meta.tags)),
            ("code", model.code_url),
            ("report", model.report_url),
            ("version", model.artifact_version),
        ],
    )
    if model.readme:
        session.output.say("")
        for line in model.readme.splitlines():
            session.output.say("".join(char for char in line if char.isprintable()))
    session.output.result(document_of(session, model))


def upload(arguments: Namespace, session: Session) -> int:
    """Put a model on the hub."""
    from ....domain.artifact import ArtifactMeta
    from ....domain.model import Model

    client = client_of(session)
    readme = ""
    if arguments.readme is not None:
        try:
            readme = client.container.files().read(Path(arguments.readme)).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"file {arguments.readme}", "is no text in UTF-8") from error
    model = Model(
        meta=ArtifactMeta(name=arguments.name, description=arguments.description, tags=arguments.tag),
        readme=readme,
        code_url=arguments.code_url,
        report_url=arguments.report_url,
    )
    _show(session, client.upload_model(model, arguments.access, if_exists=arguments.if_exists))
    return OK
