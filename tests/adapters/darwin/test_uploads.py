"""Pushing: what is announced, which answer belongs to what, where bytes go, and what happens when they do not."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.darwin.uploads import DarwinUploads
from groundtruth.domain.errors import (
    AccessDenied,
    DiskFull,
    IntegrityError,
    NotFound,
    NotReadable,
    ObjectNotFound,
    Unavailable,
)
from groundtruth.domain.names import RemotePath
from groundtruth.domain.upload import BlockReason, NewItem, NewSlot, PendingUpload, UploadOptions
from groundtruth.ports.progress import Retrying
from support.fake_hub import DATASET, HUB, FakeHub
from support.fake_web import FakeWeb, Reply, Sent, reply

ITEMS = "v2/teams/acme/items"
REGISTER = f"POST {ITEMS}/register_upload"
STORE = "https://store.example/bucket/"
NATIVE = {"GET teams/acme/features": [{"name": "GROUNDTRUTH_NATIVE", "enabled": True}]}


def new(full_path: str, *slots: NewSlot, **changes: Any) -> NewItem:
    folder, _, name = full_path.rpartition("/")
    return NewItem(name, slots or (NewSlot("0", name, ()),), RemotePath(folder), **changes)


def taken(item: dict[str, Any], url: bool = False) -> dict[str, Any]:
    slots = []
    for slot in item["slots"]:
        upload_id = f"up-{item['name']}-{slot['slot_name']}"
        slots.append({**slot, "type": "image", "upload_id": upload_id})
        slots[-1] |= {"upload_url": f"{STORE}{upload_id}?signature=s3cret"} if url else {}
    return {"id": f"id-{item['name']}", "name": item["name"], "path": item["path"], "slots": slots}


def blocked(item: dict[str, Any], reason: str) -> dict[str, Any]:
    return {
        "name": item["name"],
        "path": item["path"],
        "slots": [{**slot, "reason": reason} for slot in item["slots"]],
    }


def accept(sent: Sent) -> Any:
    return {"items": [taken(item) for item in sent.json["items"]], "blocked_items": []}


class Push:
    """A desk, the hub it talks to, and the store that bytes go to."""

    def __init__(
        self, answers: dict[str, Any], store: Any = None, keys: dict[str, str] | None = None, **options: Any
    ):
        self.hub = FakeHub(answers)
        self.store = FakeWeb(store or (lambda sent: Reply()))
        self.desk = DarwinUploads(self.hub.api(keys, **options), self.store)

    def register(self, *items: NewItem, options: UploadOptions | None = None) -> Any:
        return self.desk.register(DATASET, items, options or UploadOptions())


# --- register ---------------------------------------------------------------------------------------


def test_announcement_is_as_darwin_expects_it() -> None:
    push = Push({REGISTER: accept})
    layout = {"version": 3, "slots_grid": [[["0"]], [["1"]]]}
    slots = (NewSlot("0", "l.png", ()), NewSlot("1", "r.png", (), 2.5, True, True, ("night",)))
    push.register(new("/day1/a.jpg", NewSlot("0", "a.jpg", (), "native")), new("/pair", *slots, layout=layout))
    assert push.hub.web.sent[0].json == {
        "dataset_slug": "my-set",
        "options": {"handle_as_slices": False},
        "items": [
            {"name": "a.jpg", "path": "/day1", "slots": [
                {"file_name": "a.jpg", "slot_name": "0", "fps": "native", "as_frames": False, "extract_views": False},
            ]},
            {"name": "pair", "path": "/", "layout": layout, "slots": [
                {"file_name": "l.png", "slot_name": "0", "fps": 0, "as_frames": False, "extract_views": False},
                {"file_name": "r.png", "slot_name": "1", "fps": 2.5, "as_frames": True, "extract_views": True,
                 "tags": ["night"]},
            ]},
        ],
    }  # fmt: skip
    push.register(new("/b.dcm"), options=UploadOptions(handle_as_slices=True))
    assert push.hub.web.sent[1].json["options"] == {"handle_as_slices": True}


def test_answers_are_matched_whatever_their_order() -> None:
    def answer(sent: Sent) -> Any:
        items = [taken(item) for item in reversed(sent.json["items"])]
        for item in items:
            item["slots"].reverse()
        return {"items": [taken({"name": "odd", "path": "/..", "slots": []}), *items], "blocked_items": []}

    items = [new("/x/a", NewSlot("0", "a.png", ()), NewSlot("1", "a.png", ())), new("/y/a"), new("/z")]
    uploads = Push({REGISTER: answer}).register(*items).uploads
    assert [(one.item_path, one.slot) for one in uploads] == [(i.full_path, s) for i in items for s in i.slots]
    assert [one.upload_id for one in uploads] == ["up-a-0", "up-a-1", "up-a-0", "up-z-0"]


def test_every_item_is_answered() -> None:
    def answer(sent: Sent) -> Any:
        first, second, third, fourth, *_ = sent.json["items"]
        half = taken(fourth)
        del half["slots"][1]
        return {
            "items": [half, taken(first)],
            "blocked_items": [blocked(second, "already_exists"), blocked(third, "TOO_BLUE")],
        }

    pair = (NewSlot("0", "l", ()), NewSlot("1", "r", ()))
    items = [new("/a"), new("/b"), new("/c"), new("/half", *pair), new("/unsaid"), new("/a"),
             NewItem("none", ()), new("/twins", pair[0], pair[0])]  # fmt: skip
    registration = Push({REGISTER: answer}).register(*items)
    assert [one.item_path for one in registration.uploads] == ["/a"]
    assert [one.item for one in registration.blocked] == items[1:]
    reasons = [one.reason for one in registration.blocked]
    assert reasons[0] == reasons[4] == BlockReason.ALREADY_EXISTS
    assert {*reasons[1:4], *reasons[5:]} == {BlockReason.UNEXPECTED_ERROR}
    assert registration.blocked[1].detail == "TOO_BLUE"


def test_items_are_announced_in_chunks() -> None:
    push = Push({REGISTER: accept})
    items = [new(f"/{number}") for number in range(1100)]
    registration = push.register(*items)
    assert [one.item_path for one in registration.uploads] == [item.full_path for item in items]
    assert [len(sent.json["items"]) for sent in push.hub.web.sent] == [500, 500, 100]


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"items": [{"name": "a"}], "blocked_items": []}, []])
def test_answer_of_another_shape(answer: Any) -> None:
    with pytest.raises(IntegrityError):
        Push({REGISTER: answer}).register(new("/a"))


def test_nothing_to_announce() -> None:
    push = Push({})
    assert push.register().uploads == ()
    assert push.hub.web.sent == []


# --- put --------------------------------------------------------------------------------------------


def upload_of(path: Path, *more: Path) -> PendingUpload:
    return PendingUpload("up-a-0", "id-a", "/a", NewSlot("0", "a.png", (path, *more)))


SIGN = f"GET {ITEMS}/uploads/up-a-0/sign"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(b"bytes of a.png")
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(700_000))
    return path


def test_bytes_go_to_the_address_that_came_along(image: Path) -> None:
    def answer(sent: Sent) -> Any:
        return {"items": [taken(item, url=True) for item in sent.json["items"]], "blocked_items": []}

    push = Push({REGISTER: answer})
    (upload,) = push.register(new("/a", NewSlot("0", "a.png", (image,)))).uploads
    told: list[int] = []
    push.desk.put(upload, told.append)
    (sent,) = push.store.sent
    assert (sent.method, sent.url, sent.body) == ("PUT", f"{STORE}up-a-0?signature=s3cret", b"bytes of a.png")
    assert {name.lower() for name in sent.headers} == {"user-agent"}
    assert sum(told) == 14
    assert push.hub.asked == [REGISTER]
    assert "s3cret" not in repr(push.desk._memory.get("up-a-0"))


def test_address_is_asked_for_where_none_came_along(image: Path) -> None:
    push = Push({SIGN: {"upload_url": f"{HUB}/api/uploads/1?signature=x"}})
    push.desk.put(upload_of(image), lambda count: None)
    # Also the hub's own address: it is signed, so that a key would only be one more place where it can leak.
    assert "Authorization" not in push.store.sent[0].headers


def test_expired_address_is_renewed_once(image: Path) -> None:
    urls = iter(["old", "new"])

    def store(sent: Sent) -> Reply:
        return Reply(403 if sent.url.endswith("old") else 200)

    push = Push({SIGN: lambda sent: {"upload_url": STORE + next(urls)}}, store)
    push.desk.put(upload_of(image), lambda count: None)
    assert [sent.url for sent in push.store.sent] == [f"{STORE}old", f"{STORE}new"]
    assert {sent.body for sent in push.store.sent} == {b"bytes of a.png"}


def test_address_that_is_never_valid(image: Path) -> None:
    push = Push({SIGN: {"upload_url": f"{STORE}x?signature=s3cret"}}, lambda sent: Reply(403))
    with pytest.raises(AccessDenied) as caught:
        push.desk.put(upload_of(image), lambda count: None)
    assert len(push.store.sent) == 2
    assert "s3cret" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("size", [10, 700_000])
def test_body_is_sent_again_from_its_beginning(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(os.urandom(size))
    outcomes = [reply({}, 503, retry_after="3"), Unavailable(STORE, "broke off"), Reply()]

    def store(_: Sent) -> Reply:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    push = Push({SIGN: {"upload_url": f"{STORE}x?signature=s3cret"}}, store)
    told: list[int] = []
    push.desk.put(upload_of(path), told.append)
    assert [sent.body for sent in push.store.sent] == [path.read_bytes()] * 3
    assert sum(told) == size
    assert push.hub.clock.sleeps == [3.0, 4.0]
    events = push.hub.progress.of(Retrying)
    assert [(event.key, event.reason) for event in events] == [("PUT /a", "HTTP 503"), ("PUT /a", "broke off")]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(404), ObjectNotFound),
        (Reply(410), ObjectNotFound),
        (reply({"errors": {"code": "INSUFFICIENT_REMAINING_STORAGE"}}, 429), DiskFull),
        (Reply(507), DiskFull),
        (Reply(500), Unavailable),
    ],
)
def test_refusals_of_the_store(image: Path, answer: Reply, kind: type[Exception]) -> None:
    push = Push({SIGN: {"upload_url": STORE}}, lambda sent: answer)
    with pytest.raises(kind):
        push.desk.put(upload_of(image), lambda count: None)


def test_unknown_upload(image: Path) -> None:
    push = Push({}, keys={"acme": "k", "zebra": "z"})
    with pytest.raises(ObjectNotFound):
        push.desk.put(upload_of(image), lambda count: None)
    assert push.store.sent == []


def test_team_of_an_upload_that_is_not_remembered_is_found(image: Path) -> None:
    sign = "GET v2/teams/zebra/items/uploads/up-a-0/sign"
    confirm = "POST v2/teams/zebra/items/uploads/up-a-0/confirm"
    push = Push({sign: {"upload_url": STORE}, confirm: {}}, keys={"acme": "k", "zebra": "z"}, native=False)
    push.desk.put(upload_of(image), lambda count: None)
    push.desk.confirm([upload_of(image)])
    assert push.hub.asked == [SIGN, sign, confirm]


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_source_that_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    push = Push({SIGN: {"upload_url": STORE}})
    for upload in (upload_of(path), upload_of(path, path)):
        with pytest.raises(NotReadable, match=r"a\.png"):
            push.desk.put(upload, lambda count: None)
    assert push.store.sent == []


@pytest.mark.parametrize("change", [lambda file: file.truncate(600_000), lambda file: file.write(b"x")])
def test_source_that_changes_while_it_is_sent(film: Path, change: Any) -> None:
    def on_bytes(_: int) -> None:
        with film.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            change(file)

    push = Push({SIGN: {"upload_url": STORE}})
    with pytest.raises(NotReadable, match=r"film\.mp4.*changed"):
        push.desk.put(upload_of(film), on_bytes)
    assert push.store.replies == []


def test_series_travels_as_one_zip(tmp_path: Path) -> None:
    paths = []
    for number, folder in enumerate(("x", "y", "z")):
        paths.append(tmp_path / folder / ("1.dcm" if number < 2 else "2.dcm"))
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(os.urandom(200_000))
    push = Push({SIGN: {"upload_url": STORE}})
    told: list[int] = []
    push.desk.put(upload_of(*paths), told.append)
    push.desk.put(upload_of(*paths), told.append)
    first, second = (sent.body for sent in push.store.sent)
    assert first == second
    assert sum(told) == len(first) * 2
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["1.dcm", "1_2.dcm", "2.dcm"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert [archive.read(name) for name in archive.namelist()] == [path.read_bytes() for path in paths]


# --- confirm ----------------------------------------------------------------------------------------


def pending(*ids: str) -> list[PendingUpload]:
    return [PendingUpload(one, "id", "/a", NewSlot("0", "a", ())) for one in ids]


def known(push: Push, *ids: str) -> list[PendingUpload]:
    push.desk._memory.keep("acme", dict.fromkeys(ids))
    return pending(*ids)


def test_all_are_confirmed_at_once_where_the_hub_can() -> None:
    push = Push({**NATIVE, f"POST {ITEMS}/uploads/confirm": {"confirmed": 2}})
    push.desk.confirm(known(push, "a", "b", "a"))
    assert push.hub.web.sent[-1].json == {"upload_ids": ["a", "b"]}
    push.desk.confirm([])
    assert len(push.hub.web.sent) == 2


def test_each_is_confirmed_once_on_darwin() -> None:
    ids = [f"u{number}" for number in range(50)]
    push = Push({f"POST {ITEMS}/uploads/{one}/confirm": {} for one in ids}, native=False)
    push.desk.confirm(known(push, *ids))
    assert sorted(push.hub.asked) == sorted(f"POST {ITEMS}/uploads/{one}/confirm" for one in ids)
    assert all(sent.json == {} for sent in push.hub.web.sent)


def test_confirmation_that_may_not_have_arrived_is_repeated() -> None:
    answers = [reply({}, 502), reply({})]
    push = Push({f"POST {ITEMS}/uploads/a/confirm": lambda sent: answers.pop(0)}, native=False)
    push.desk.confirm(known(push, "a"))
    assert answers == []


@pytest.mark.parametrize("native", [True, False])
def test_upload_that_cannot_be_confirmed(native: bool) -> None:
    answers = {f"POST {ITEMS}/uploads/{one}/confirm": {} for one in "ac"} if not native else {}
    push = Push(answers, native=native)
    with pytest.raises(ObjectNotFound) as caught:
        push.desk.confirm(known(push, "a", "b", "c"))
    assert isinstance(caught.value, NotFound)


def test_ids_that_lead_elsewhere() -> None:
    push = Push({}, native=False)
    with pytest.raises(ObjectNotFound):
        push.desk.confirm(known(push, "../../.."))
    assert push.hub.web.sent == []


def test_only_so_many_uploads_are_remembered() -> None:
    push = Push({})
    push.desk._memory.keep("acme", {str(number): "https://x" for number in range(30_000)})
    assert push.desk._memory.get("0") is None
    assert push.desk._memory.get("29999") is not None
