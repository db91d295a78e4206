from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.transfer.headers import content_range, is_validator, validator_of
from groundtruth.domain.web import retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
OLD, NEW = "Thu, 01 Jan 2026 11:58:59 GMT", "Thu, 01 Jan 2026 11:59:30 GMT"
DATE = "Thu, 01 Jan 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"abc-2"'}, '"abc-2"'),
        ({"etag": ' "abc" '}, '"abc"'),
        ({"etag": 'W/"abc"'}, None),
        ({"etag": 'W/"abc"', "last-modified": OLD, "date": DATE}, None),
        ({"etag": "abc"}, None),
        ({"etag": '"a"b"'}, None),
        ({"last-modified": OLD, "date": DATE}, OLD),
        ({"last-modified": NEW, "date": DATE}, None),
        ({"last-modified": OLD}, None),
        ({"last-modified": "yesterday", "date": DATE}, None),
        ({}, None),
    ],
)
def test_validators(headers: dict[str, str], validator: str | None) -> None:
    assert validator_of(headers) == validator
    assert validator is None or is_validator(validator)


@pytest.mark.parametrize("text", ["", "abc", 'W/"a"', '"a"\r\nX: y', f"{OLD}\n", "sha256:00"])
def test_what_no_server_gave_is_not_sent_to_one(text: str) -> None:
    assert not is_validator(text)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("bytes 5-9/10", (5, 9, 10)),
        ("bytes 5-9/*", (5, 9, None)),
        ("bytes */10", (None, None, 10)),
        ("bytes 5-/10", (None, None, None)),
        ("items 5-9/10", (None, None, None)),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_content_range(value: str | None, parts: tuple[int | None, ...]) -> None:
    assert content_range(value) == parts


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90.0),
        (OLD, 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text() | st.from_regex(r"\w{3}, \d\d \w{3} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{0,5}", fullmatch=True))
def test_no_header_is_too_strange(text: str) -> None:
    validator_of({"etag": text})
    validator_of({"last-modified": text, "date": DATE})
    is_validator(text)
    content_range(text)
    wait = retry_after(text, NOW)
    assert wait is None or wait >= 0
