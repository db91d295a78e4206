"""Who the key belongs to (E1), its team and members, and what this hub can do (E12)."""

from __future__ import annotations

from typing import Any

from ....domain.access import AccessKey, Permission
from ..call import Call, Route
from .records import dataset_record, number_of

NATIVE = "GROUNDTRUTH_NATIVE"
"""Flag that tells groundtruth's own client what it may use beyond Darwin's protocol."""


def token_info(call: Call) -> dict[str, Any]:
    """The key's team."""
    return {"selected_team": {"id": number_of(call.team), "slug": call.team, "name": call.team}}


def get_team(call: Call) -> dict[str, Any]:
    """The team, with its datasets and members."""
    return {
        "id": number_of(call.team),
        "name": call.team,
        "slug": call.team,
        "default_role": "member",
        "datasets": [dataset_record(dataset) for dataset in call.hub.list_datasets(call.team)],
        "members": list_memberships(call),
    }


def list_memberships(call: Call) -> list[dict[str, Any]]:
    """Holders of valid keys: the nearest this hub has to members."""
    return [_member(key) for key in call.hub.list_keys(call.team) if key.revoked_at is None]


def _member(key: AccessKey) -> dict[str, Any]:
    number = number_of(key.id)
    return {
        "id": number,
        "user_id": number,
        "team_id": number_of(key.team),
        "email": "",
        "first_name": key.label,
        "last_name": "",
        "role": key.role.value,
    }


def list_features(call: Call) -> list[dict[str, Any]]:
    """What this hub can do."""
    return [{"name": NATIVE, "enabled": True}, {"name": "STATIC_INSTANCE_ID", "enabled": False}]


ROUTES = (
    Route("GET", "users/token_info", token_info, Permission.READ),
    Route("GET", "teams/{team}", get_team, Permission.READ),
    Route("GET", "teams/{team}/features", list_features, Permission.READ),
    Route("GET", "memberships", list_memberships, Permission.READ),
)
