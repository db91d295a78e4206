"""Use cases inside a web service: `GET /datasets/<team>/<dataset>/releases` answers JSON.

The service owns the wiring: it asks the container for the one use case it needs, and maps errors to statuses.
Run it: python examples/web_service.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from wsgiref.simple_server import make_server

from groundtruth import Client, DatasetReference, GroundtruthError
from groundtruth.application.releases import ListReleases
from groundtruth.domain.errors import NotFound

Respond = Callable[[str, list[tuple[str, str]]], object]


def application(list_releases: ListReleases) -> Callable[[dict[str, str], Respond], Iterable[bytes]]:
    """A WSGI application over one use case. It does not know which hub is behind it."""

    def app(environ: dict[str, str], respond: Respond) -> Iterable[bytes]:
        try:
            _, team, dataset, _ = environ["PATH_INFO"].strip("/").split("/")
            found = list_releases(DatasetReference(team, dataset))
            status, body = "200 OK", [{"name": one.name, "images": one.item_count} for one in found]
        except NotFound as error:
            status, body = "404 Not Found", {"error": error.message, "remedy": error.remedy}
        except (GroundtruthError, ValueError) as error:
            status, body = "400 Bad Request", {"error": str(error)}
        respond(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    return app


if __name__ == "__main__":
    with Client.local() as client:
        server = make_server("127.0.0.1", 8000, application(client.container.list_releases()))
        print("http://127.0.0.1:8000/datasets/<team>/<dataset>/releases")
        server.serve_forever()
