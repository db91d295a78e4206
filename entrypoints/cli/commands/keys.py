"""`hub key create|list|revoke`."""

from __future__ import annotations

from argparse import Namespace

from ....domain.access import Role
from ..main import OK
from ..session import Session


def create(arguments: Namespace, session: Session) -> int:
    """Make a key."""
    container = session.embedded()
    key, text = container.hub().create_key(session.team, Role(arguments.role), arguments.label)
    session.output.say(text)
    session.output.note(
        f"Key of team '{key.team}', role {key.role.value}. It is not shown again.\n"
        f"  Use it with: groundtruth authenticate --hub NAME --api_key {key.id}...  (or: darwin authenticate)"
    )
    session.output.result({"key": text, "id": key.id, "team": key.team, "role": key.role, "label": key.label})
    return OK


def list_keys(arguments: Namespace, session: Session) -> int:
    """List keys."""
    keys = session.embedded().hub().list_keys(arguments.team)
    session.output.table(
        ("ID", "TEAM", "ROLE", "LABEL", "CREATED", "STATE"),
        (
            (key.id, key.team, key.role.value, key.label, key.created_at, "revoked" if key.revoked_at else "valid")
            for key in keys
        ),
    )
    session.output.result(keys)
    return OK


def revoke(arguments: Namespace, session: Session) -> int:
    """Make a key invalid."""
    key = session.embedded().hub().revoke_key(arguments.id.partition(".")[0])
    session.output.say(f"Key {key.id} of team '{key.team}' is revoked.")
    session.output.result(key)
    return OK
