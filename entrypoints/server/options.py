"""How a hub is served."""

from __future__ import annotations

from pathlib import Path

import attrs

from ...domain.errors import InvalidInput

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@attrs.frozen
class ServerOptions:
    """Where to listen, and what is too much. Sizes in bytes, times in seconds.

    `public_url` is how clients reach the server through a proxy, and begins every address given out; None: they are
    given the host they asked for. `port` 0 takes a free one. `spool` is the folder where large uploads wait until
    they are complete (None: the system's).
    """

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = attrs.field(default=None, converter=lambda url: url.rstrip("/") if url else None)
    tls_cert: Path | str | None = None
    tls_key: Path | str | None = None
    access_log: bool = False
    json_log: bool = False
    max_body: int = 50 * GIB
    max_json: int = 64 * MIB
    max_target: int = 64 * KIB
    max_head: int = 128 * KIB
    threads: int = 32
    patience: float = 60.0
    """For how long a client may be silent in the middle of a request or an answer."""
    grace: float = 30.0
    """How long requests under way may take to finish at shutdown."""
    link_lifetime: float = 3600.0
    spool: Path | None = None
    near: frozenset[str] = frozenset({"blob", "memory"})
    """URL schemes of objects that this machine reads by itself: small ones are sent without a thread for each."""

    def __attrs_post_init__(self) -> None:
        if self.public_url is not None and not self.public_url.startswith(("http://", "https://")):
            raise InvalidInput(
                f"public address {self.public_url!r}", "is not one of the web", "Begin it with https://"
            )
        if bool(self.tls_cert) != bool(self.tls_key):
            raise InvalidInput("TLS certificate and key", "belong together", "Give both or none")
        if not 0 <= self.port <= 65535:
            raise InvalidInput(f"port {self.port}", "is out of range", "Use 0 (any) to 65535")
