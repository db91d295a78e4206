"""`serve`."""

from __future__ import annotations

import sys
from argparse import Namespace

from ..main import OK
from ..session import Session

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def serve(arguments: Namespace, session: Session) -> int:
    """Serve the embedded hub until interrupted."""
    from ...server.run import ServerOptions, serve

    container = session.embedded()
    hub = container.hub()
    if arguments.host not in LOOPBACK and not arguments.tls_cert and not arguments.public_url:
        session.output.note(
            f"warning: listening on {arguments.host} without TLS: keys can be read on the way. "
            "Use --tls-cert and --tls-key, or a proxy in front that does (--public-url)"
        )
    if not any(key.revoked_at is None for key in hub.list_keys()):
        session.output.note("No key is valid yet. Make one with: groundtruth hub key create --team TEAM")

    def ready(url: str) -> None:
        session.output.say(f"Serving hub '{hub.name}' at {url} (Ctrl-C ends it)")
        session.output.result({"hub": hub.name, "url": url})
        sys.stdout.flush()

    options = ServerOptions(
        host=arguments.host,
        port=arguments.port,
        public_url=arguments.public_url,
        tls_cert=arguments.tls_cert,
        tls_key=arguments.tls_key,
        access_log=arguments.access_log and not session.output.quiet,
        json_log=session.output.as_json,
    )
    serve(hub, container.codec(), container.clock(), options, ready)
    return OK
