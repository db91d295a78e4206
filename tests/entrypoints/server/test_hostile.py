"""Generated requests over every route: whatever comes, the server stays in charge of itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundtruth.entrypoints.server.darwin.routes import PUBLIC_ROUTES, ROUTES
from support.bench import Bench, links_of
from support.serving import Serving

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
PATHS = sorted({route.path for route in (*ROUTES, *PUBLIC_ROUTES)} | {"uploads/{team}/{upload_id}"})
"""Every path below `/api/`."""

POINT = {"x": 1, "y": 2}
BOX = {"x": 1, "y": 2, "w": 3, "h": 4}
ANNOTATION = {"annotation_class_id": 1, "context_keys": {"slot_names": ["0"]}, "data": {"bounding_box": BOX}}
FRAMES = {"frames": {"3": {"polygon": {"path": [POINT] * 3}, "keyframe": True}}, "segments": [[3, 20]]}
VALUE = {"type": "string", "value": "scratch", "color": "auto"}
FILTERS = {"dataset_ids": [1], "item_ids": ["x"], "item_names": ["a.png"], "statuses": ["new"]}
LEAF = {"subject": "item_name", "matcher": {"name": "any_of", "values": ["a.png"]}}
DATES = {"start": "2026-01-01T00:00:00+00:00", "stop": "2027-01-01T00:00:00+00:00"}
TEMPLATES = (
    {"name": "set"},
    {"filters": FILTERS},
    {"filters": FILTERS, "workflow_id": "x", "stage_id": "y", "path": "/x", "priority": 1, "layout": {"version": 1}},
    {"dataset_ids": [1], "page": {"offset": 0, "size": 5}, "filter": {"conjunction": "and", "filters": [LEAF, LEAF]}},
    {"dataset_slug": "set", "options": {}, "items": [{"name": "a", "path": "/", "slots": [{"slot_name": "0",
      "file_name": "a.png", "fps": "native", "as_frames": False, "tags": ["x"]}],
      "layout": {}, "file_content": "AA=="}]},
    {"dataset_slug": "set", "storage_slug": "store", "items": [{"name": "a", "path": "/", "storage_key": "a.png"}]},
    {"upload_ids": ["x"]},
    {"bounding_box": BOX, "comments": [{"body": "x"}], "slot_name": "0"},
    {"type": "annotator", "format": "csv", "dataset_ids": [1], "group_by": ["annotators"], **DATES},
    {"overwrite": "true", "annotations": [ANNOTATION, {**ANNOTATION, "data": FRAMES}], "properties": [
      {"property_id": "x", "value": {"text": "y"}, "actors": [{"email": "a@b.c", "role": "annotator"}]}]},
    {"overwrite": "false", "document": {"version": "2.0", "item": {"name": "a", "path": "/"}, "annotations": [
      {"name": "car", "slot_names": ["0"], "bounding_box": BOX}]}},
    {"name": "v1", "include_authorship": True, "filters": {"annotation_class_ids": [1], "statuses": ["new"]}},
    {"name": "car", "dataset_id": 1, "annotation_type_ids": [1], "datasets": [{"id": 1}],
     "metadata": {"_color": "auto"}},
    {"id": 1, "datasets": [{"id": 1}]},
    {"name": "car", "annotation_types": ["polygon"], "metadata": {"_color": "auto"}},
    {"name": "damage", "type": "single_select", "required": False, "description": "", "granularity": "annotation",
     "annotation_class_id": 1, "dataset_ids": [1], "property_values": [VALUE], "parent_property_id": None,
     "trigger_condition": {"type": "any_value"}},
    {"value": "scratch", "color": "auto"},
)  # fmt: skip
"""Bodies as the API has them; tests put something else somewhere."""


def parts(tree: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a body."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else []
    return [place, *(found for key in keys for found in parts(tree[key], (*place, key)))]


def with_other(tree: Any, place: tuple[Any, ...], other: Any) -> Any:
    """The body with something else at a place."""
    if not place:
        return other
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[place[0]] = with_other(tree[place[0]], place[1:], other)
    return copy


WORDS = (
    "", "new", "complete", "any_of", "and", "image", "set", "acme", "0", "-1", "../..", "\x00", "a" * 300,
    "annotators", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00-23:59", "item_name",
    "{id}",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=20))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=10,
)
PARAMETERS = (
    "dataset_ids[]", "dataset_ids", "item_names", "item_ids[]", "statuses", "sort[priority]", "sort[x]", "page[size]",
    "page[from]", "page[offset]", "token", "signature", "expires", "id", "include_values",
)  # fmt: skip
QUERIES = st.lists(
    st.tuples(st.sampled_from(PARAMETERS), st.one_of(st.sampled_from(["{id}", "asc", "1", "all", "bnVsbA"]), TEXTS)),
    max_size=4,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Range", "If-Range", "If-None-Match", "X-Darwin-Payload-Compression-Version", "Accept", "Content-Encoding"]
    ),
    st.one_of(
        st.sampled_from(["bytes=0-", "bytes=-1", "1", "*", '"x"']),
        st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=10),
    ),
    max_size=2,
)
VALUES = st.one_of(st.just("{good}"), TEXTS, st.integers().map(str))


@pytest.fixture
def target(bench: Bench) -> dict[str, str]:
    """Things that are there, by the names of the parameters that ask for them."""
    item = bench.push("/a.png")["/a.png"]
    file_id = links_of(bench.served).file_id("acme", bench.file("/a.png"))
    upload = bench.register("/b.png")["items"][0]["slots"][0]["upload_id"]
    (workflow,) = bench.served.get(f"datasets/{bench.id}")["workflow_ids"]
    bench.served.post("annotation_classes", {"dataset_id": bench.id, "name": bench.slug, "annotation_type_ids": [1]})
    known = {"team": "acme", "item_id": item, "file_id": file_id, "upload_id": upload, "workflow_id": workflow}
    return {**known, "dataset_id": str(bench.id), "dataset": bench.slug, "id": str(bench.id)}


@st.composite
def requests(draw: Any) -> tuple[str, str, list[tuple[str, str]], Any, dict[str, str]]:
    """Method, path with `{name}` where something known belongs, query, body and headers."""
    route = draw(st.sampled_from((*ROUTES, *PUBLIC_ROUTES, None)))
    path = draw(st.sampled_from(PATHS)) if route is None else route.path
    method = draw(st.sampled_from(METHODS)) if route is None or draw(st.integers(0, 9)) == 0 else route.method
    pieces = []
    for part in path.split("/"):
        if part == "{team}":
            pieces.append(part if draw(st.integers(0, 19)) else quote(draw(TEXTS), safe=""))
        elif part.startswith("{"):
            value = draw(VALUES)
            pieces.append(part if value == "{good}" else quote(value, safe="") or "x")
        else:
            pieces.append(part)
    template = draw(st.sampled_from(TEMPLATES))
    changed = with_other(template, draw(st.sampled_from(parts(template))), draw(BODIES))
    body = draw(st.one_of(st.just(json.dumps(changed).encode()), st.binary(max_size=40)))
    return method, "/".join(pieces), draw(QUERIES), body, draw(HEADERS)


def check(served: Serving, target: dict[str, str], request: Any) -> None:
    method, path, query, body, headers = request
    for name, value in target.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    path = path.replace("{", "").replace("}", "")
    body = body.replace(b"{id}", target["dataset_id"].encode()).replace(b'"set"', f'"{target["dataset"]}"'.encode())
    pairs = [f"{quote(name)}={quote(value.replace('{id}', target['dataset_id']))}" for name, value in query]
    address = f"/api/{path}?{'&'.join(pairs)}"
    answer = served.send(method, address, body if method != "GET" else None, key=served.key("acme"), headers=headers)
    assert answer.status < 500, (request, answer)
    if answer.status >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/json", (request, answer)
        assert answer.errors


# The hub is the same for all of them on purpose: what one leaves behind, the next one meets.
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(request_=requests())
def test_generated_requests(served: Serving, target: dict[str, str], request_: Any) -> None:
    check(served, target, request_)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(request_=requests())
def test_many_generated_requests(served: Serving, target: dict[str, str], request_: Any) -> None:
    check(served, target, request_)
