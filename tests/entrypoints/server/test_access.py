"""Who may do what: keys, teams, roles, signed addresses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.access import PERMISSIONS, Permission, Role
from groundtruth.entrypoints.server.darwin.routes import ROUTES
from support.bench import ITEMS, Bench, links_of
from support.serving import Serving


def filled(path: str) -> str:
    """A route's path with parameters that name nothing."""
    return path.replace("{team}", "acme").replace("{", "").replace("}", "")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
class TestEveryRoute:
    def test_needs_a_key(self, served: Serving, route) -> None:
        for key in (None, "not-a-key", "abcdefg." + "x" * 32):
            answer = served.send(route.method, filled(route.path), b"{}", key=key)
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == "ApiKey"
            assert answer.errors["detail"]

    def test_hides_other_teams(self, served: Serving, route) -> None:
        if "{team}" not in route.path:
            return  # every key has some
        answer = served.send(route.method, filled(route.path), b"{}", key=served.key("others"))
        nobodys = served.send("GET", "there/is/no/such/path", key=served.key("others"))
        assert (answer.status, answer.json) == (404, nobodys.json)

    def test_looks_at_the_role(self, served: Serving, route) -> None:
        for role in Role:
            answer = served.send(route.method, filled(route.path), b"[]", key=served.key("acme", role))
            is_allowed = route.permission in PERMISSIONS[role]
            assert (answer.status != 403) is is_allowed, answer


def test_reading_routes_only_read() -> None:
    for route in ROUTES:
        if route.permission is Permission.READ:
            # Many ids are too long for an address, so these are asked for with a body.
            reads = route.path.startswith(("unstable/", "v3/")) or route.path.endswith("/files")
            assert route.method == "GET" or reads, route


def test_revoked_key_is_refused_at_once(served: Serving) -> None:
    key, text = served.hub.create_key("acme", Role.OWNER, "to be revoked")
    assert served.send("GET", "users/token_info", key=text).status == 200
    served.hub.revoke_key(key.id)
    assert served.send("GET", "users/token_info", key=text).status == 401


@pytest.mark.parametrize("value", ["", "ApiKey", "ApiKey ", "Basic abc", "ApiKey \xff\xfe", "Bearer {key}", "{key}"])
def test_odd_authorization(served: Serving, value: str) -> None:
    header = {"Authorization": value.replace("{key}", served.key())}
    assert served.send("GET", "users/token_info", key=None, headers=header).status == 401


def test_scheme_in_any_case(served: Serving) -> None:
    header = {"Authorization": f"apikey {served.key()}"}
    assert served.send("GET", "users/token_info", key=None, headers=header).status == 200


class TestOtherTeams:
    def test_cannot_reach_items_by_their_ids(self, served: Serving, bench: Bench) -> None:
        item = bench.push("/a.png")["/a.png"]
        others = served.key("others")
        for path in ("", "/annotations", "/properties", "/document", "/comment_threads"):
            answer = served.send("GET", f"v2/teams/others/items/{item}{path}", key=others)
            assert answer.status == 404, path
        listed = served.send("GET", f"v2/teams/others/items?dataset_ids[]={bench.id}", key=others)
        assert listed.status == 404
        body = {"filters": {"item_ids": [item]}}
        assert served.post("v2/teams/others/items/archive", body, key=others) == {"affected_item_count": 0}
        assert served.send("DELETE", "v2/teams/others/items", body, key=others).json == {"affected_item_count": 0}
        assert bench.names() == ["a.png"]

    def test_cannot_reach_datasets_by_their_ids(self, served: Serving, bench: Bench) -> None:
        others = served.key("others")
        assert served.send("GET", f"datasets/{bench.id}", key=others).status == 404
        assert served.send("PUT", f"datasets/{bench.id}/archive", {}, key=others).status == 404
        assert served.get("datasets", key=others) == []

    def test_cannot_sign_or_confirm_uploads(self, served: Serving, bench: Bench) -> None:
        upload = bench.register("/a.png")["items"][0]["slots"][0]["upload_id"]
        others = served.key("others")
        path = "v2/teams/others/items/uploads"
        assert served.send("GET", f"{path}/{upload}/sign", key=others).status == 404
        assert served.send("POST", f"{path}/{upload}/confirm", {}, key=others).status == 404
        assert served.send("POST", f"{path}/confirm", {"upload_ids": [upload]}, key=others).status == 404


class TestSignedUploads:
    def test_needs_no_key(self, served: Serving, bench: Bench) -> None:
        slot = bench.register("/a.png")["items"][0]["slots"][0]
        assert served.send("PUT", slot["upload_url"], b"x", key=None).status == 200

    def test_changed_address_is_refused(self, served: Serving, bench: Bench) -> None:
        one, two = (item["slots"][0] for item in bench.register("/a.png", "/b.png")["items"])
        address = one["upload_url"]
        for changed in (
            address.replace(one["upload_id"], two["upload_id"]),
            address.replace("/uploads/acme/", "/uploads/others/"),
            address.replace("expires=1", "expires=2"),
            address[:-1] + ("A" if address[-1] != "A" else "B"),
            address.partition("?")[0],
            address.partition("&")[0],
            address.replace("expires=", "expires=x"),
        ):
            answer = served.send("PUT", changed, b"x", key=None)
            assert answer.status == 403, changed
            assert answer.errors["detail"]
        for slot in (one, two):
            path = f"{ITEMS}/uploads/{slot['upload_id']}/confirm"
            assert served.send("POST", path, {}).status == 404

    def test_expired_address_is_refused(self, served: Serving, bench: Bench) -> None:
        upload = bench.register("/a.png")["items"][0]["slots"][0]["upload_id"]
        past = FakeClock()
        address = links_of(served, past).signed("uploads", "acme", upload)
        answer = served.send("PUT", address, b"x", key=None)
        assert (answer.status, answer.errors["code"]) == (403, "EXPIRED")

    def test_address_of_another_hub_is_refused(self, served: Serving, bench: Bench) -> None:
        import attrs

        upload = bench.register("/a.png")["items"][0]["slots"][0]["upload_id"]
        foreign = attrs.evolve(links_of(served), secret=b"another hub's secret, 32 bytes ..")
        assert served.send("PUT", foreign.signed("uploads", "acme", upload), b"x", key=None).status == 403

    def test_upload_that_is_gone(self, served: Serving, bench: Bench) -> None:
        slot = bench.register("/a.png")["items"][0]["slots"][0]
        (item,) = bench.list("statuses=uploading")
        assert bench.change("", "DELETE", item_ids=[item["id"]]).status == 200
        assert served.send("PUT", slot["upload_url"], b"x", key=None).status == 404


class TestFileAddresses:
    def test_key_of_the_team(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png", content=b"the bytes")
        address = bench.file("/a.png")
        assert served.send("GET", address).body == b"the bytes"
        assert served.send("GET", address, key=None).status == 401
        assert served.send("GET", address, key=served.key("others")).status == 404

    def test_address_is_of_one_team(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png")
        address = bench.file("/a.png").replace("/teams/acme/", "/teams/others/")
        assert served.send("GET", address, key=served.key("others")).status == 404

    def test_only_addresses_that_were_given_out(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png")
        address = bench.file("/a.png")
        identifier, _, signature = address.rpartition(".")
        for changed in (identifier, f"{identifier}.", f"{address}x", f"{identifier}a.{signature}", f"{identifier}é."):
            assert served.send("GET", changed.encode("ascii", "ignore").decode()).status == 404

    def test_token_instead_of_a_key(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png", content=b"the bytes")
        address = bench.file("/a.png")
        token = links_of(served).token("acme")
        assert served.send("GET", f"{address}?token={token}", key=None).body == b"the bytes"

    def test_bad_tokens(self, served: Serving, bench: Bench) -> None:
        bench.push("/a.png")
        address = bench.file("/a.png")
        links = links_of(served)
        late = FakeClock()
        late.advance(timedelta(days=1).total_seconds())
        expires = links.token("acme").partition(".")[0]
        for token in (
            links.token("others"),
            links_of(served, late).token("acme"),
            f"{int(expires) + 1}.{links.token('acme').partition('.')[2]}",
            "x",
            "1.",
            "%00",
        ):
            assert served.send("GET", f"{address}?token={token}", key=None).status == 403, token
