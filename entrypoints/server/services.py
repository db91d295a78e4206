"""What every request of a server shares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import attrs

from ...domain.access import AccessKey, Permission
from ...domain.errors import AccessDenied
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import ServableHub
from .links import Links
from .options import ServerOptions
from .refusals import no_key, unknown
from .requests import Request

SCHEME = "apikey"


@attrs.frozen
class Services:
    """The hub, and what is around it. `pool` runs whatever may wait: handlers, disk, bodies."""

    hub: ServableHub
    codec: DocumentCodec
    clock: Clock
    options: ServerOptions
    pool: ThreadPoolExecutor
    links_below: _LinksBelow

    def links(self, request: Request) -> Links:
        """Makes addresses that this client can reach."""
        return self.links_below(self.options.public_url or request.base())


class _LinksBelow:
    """Links by the address they begin with. Only few are kept: clients choose the name they call the host by."""

    def __init__(self, hub: ServableHub, clock: Clock, lifetime: float) -> None:
        secret = hub.signing_secret()
        self._made = lru_cache(16)(lambda base: Links(secret, clock, base, lifetime))

    def __call__(self, base: str) -> Links:
        return self._made(base)


def assemble(hub: ServableHub, codec: DocumentCodec, clock: Clock, options: ServerOptions) -> Services:
    """Services for a hub. Shut the pool down when done."""
    pool = ThreadPoolExecutor(options.threads, "groundtruth-request")
    return Services(hub, codec, clock, options, pool, _LinksBelow(hub, clock, options.link_lifetime))


def key_of(hub: ServableHub, authorization: str | None) -> AccessKey:
    """The valid key in an Authorization header.

    Raises:
        Refused: 401 without one.
    """
    scheme, _, text = (authorization or "").partition(" ")
    key = hub.find_key(text.strip()) if scheme.lower() == SCHEME else None
    if key is None:
        raise no_key()
    return key


def check_access(key: AccessKey, team: str, permission: Permission) -> None:
    """Let a key do something in a team.

    Raises:
        Refused: 404 for any other team than its own, as if there were none.
        AccessDenied: its role may not.
    """
    if team != key.team:
        raise unknown()
    if not key.may(permission):
        raise AccessDenied("the hub", f"does not let a key with the role '{key.role}' {permission}")
