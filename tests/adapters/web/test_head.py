from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.web.head import Head


def parse(text: str) -> Head | None:
    return Head.parse([line.encode("latin-1") + b"\r\n" for line in text.split("|")])


@pytest.mark.parametrize(
    ("text", "status", "headers"),
    [
        ("HTTP/1.1 200 OK|", 200, {}),
        ("HTTP/1.1 200|A: b|C:d |", 200, {"a": "b", "c": "d"}),
        ("HTTP/2 404 |A:|", 404, {"a": ""}),
        ("HTTP/1.1 200 OK|A: 1|a: 2|A:3|", 200, {"a": "1, 2, 3"}),
        ("HTTP/1.1 200 OK|A: 1|  2|B: 3|", 200, {"a": "1 2", "b": "3"}),
        ("HTTP/1.1 200 OK|A: 1| b: 2|", 200, {"a": "1 b: 2"}),
        ("HTTP/1.1 100 Continue|X: 1||HTTP/1.1 103|Y: 1||HTTP/1.1 201 OK|Z: 1|", 201, {"z": "1"}),
        ("HTTP/1.1 101 Switching|U: x|", 101, {"u": "x"}),
        ("HTTP/1.1 200 OK|nonsense|: none|A: b: c|", 200, {"a": "b: c"}),
        ("HTTP/1.1 200 OK|A: ä|", 200, {"a": "ä"}),
        ("HTTP/1.1 200 OK|A: 1||T: 2|", 200, {"a": "1"}),
    ],
)
def test_heads(text: str, status: int, headers: dict[str, str]) -> None:
    head = parse(text)
    assert head is not None
    assert (head.status, head.headers) == (status, headers)


@pytest.mark.parametrize(
    "text", ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK|A: 1", "HTTP/1.1 100 Continue|", "|", "HTTP/1.1 x|"]
)
def test_what_is_no_whole_head(text: str) -> None:
    assert parse(text) is None


LINES = st.lists(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 100", b"", b" c", b"A: 1", b"a: 2", b"B:\t3 ", b"none", b": d"])
    | st.binary(max_size=9).filter(lambda line: b"\n" not in line),
    min_size=1,
)


@given(LINES)
def test_the_usual_way_agrees_with_the_long_one(lines: list[bytes]) -> None:
    ended = [line + b"\r\n" for line in lines]
    usual = Head._usual(ended)
    assert usual is None or usual == Head._parse(ended)
