"""Every route of the Darwin API."""

from __future__ import annotations

from ..call import Handler, Route
from ..public import PublicRoute
from . import (
    annotations,
    bundles,
    classes,
    comments,
    datasets,
    exports,
    files,
    items,
    properties,
    reports,
    storages,
    team,
    uploads,
    workflows,
)

_MODULES = (
    annotations,
    bundles,
    classes,
    comments,
    datasets,
    exports,
    items,
    properties,
    reports,
    storages,
    team,
    uploads,
    workflows,
)

ROUTES: tuple[Route, ...] = tuple(route for module in _MODULES for route in module.ROUTES)
"""Answered for holders of a key."""

PUBLIC_ROUTES: tuple[PublicRoute, ...] = (*files.PUBLIC_ROUTES, *exports.PUBLIC_ROUTES)
"""Answered without one: each checks a signature, a token or a key itself."""

QUICK: frozenset[Handler] = frozenset({team.token_info, team.list_features, uploads.sign_upload, reports.get_job})
"""Handlers that look up a row or two at most."""
