"""What the command line prints: nothing that a name holds can break a line or move the cursor."""

from __future__ import annotations

import enum
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import DatasetNotFound, InvalidInput
from groundtruth.entrypoints.cli.output import Output, answer, confirm, plain, plural, printable, report_error

HOSTILE = ["line\nbreak", "red\x1b[31m", "\u202egnp.exe", "\udcff", "tab\t", "\r", "\u2028", "\x85", "\x00"]


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("NAME", "IMAGES"), [("a", "1"), ("longer", "12345678")])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["NAME         IMAGES", "a                 1", "longer     12345678"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_table_has_a_line_a_row(capsys: pytest.CaptureFixture[str], name: str) -> None:
    Output().table(("NAME", "X"), [(name, "1"), ("b", "2")])
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 3
    assert out.replace("\n", "").isprintable()


def test_a_table_without_rows_has_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("NAME", "X"), [])
    assert capsys.readouterr().out == "NAME     X\n"


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=20))
def test_printable_text_is_one_line_that_can_be_written(text: str) -> None:
    safe = printable(text)
    assert safe.isprintable()
    assert safe.encode().decode() == safe
    assert text.isprintable() is (safe == text)


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.say("for people")
    output.table(("A",), [("b",)])
    output.result({"name": "é\udcff"})
    output.note("to stderr")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"name": "é\\udcff"}
    assert printed.err == "to stderr\n"


def test_json_is_valid_where_the_stream_is_not_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    Output(as_json=True).result(["día"])
    stream.flush()
    assert json.loads(stream.buffer.getvalue()) == ["día"]


class Colour(enum.StrEnum):
    RED = "red"


@attrs.frozen
class Value:
    path: Path
    colours: tuple[Colour, ...]
    secret: str = attrs.field(default="x", repr=False)


def test_plain_values() -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    value = plain({"v": Value(Path("/a"), (Colour.RED,)), 1: when, "n": None, "f": 1.5, "b": True})
    assert value == {
        "v": {"path": "/a", "colours": ["red"]},
        "1": "2026-01-02T00:00:00+00:00",
        "n": None,
        "f": 1.5,
        "b": True,
    }
    assert type(value["v"]["colours"][0]) is str


@pytest.mark.parametrize(("count", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")])
def test_plural(count: int, text: str) -> None:
    assert plural(count, "file") == text


def test_an_error_is_a_line_and_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(DatasetNotFound("dataset", "a\nb\x1b[0m", "team x", "Create it"))
    printed = capsys.readouterr()
    assert printed.err == "error: dataset 'a\\nb\\x1b[0m' not found in team x\n  Create it\n"
    assert printed.out == ""


def test_an_error_without_remedy_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(InvalidInput("it", "is bad"))
    assert capsys.readouterr().err == "error: it is bad\n"


def test_an_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(InvalidInput("it", "is bad", "Mend it"), as_json=True)
    assert json.loads(capsys.readouterr().err) == {
        "error": "InvalidInput",
        "message": "it is bad",
        "remedy": "Mend it",
    }


def nobody(question: str) -> str:
    raise EOFError


@pytest.mark.parametrize(("said", "yes"), [("y", True), (" YES ", True), ("", False), ("n", False), ("yeah", False)])
def test_only_yes_is_yes(said: str, yes: bool) -> None:
    asked: list[str] = []
    assert confirm("Go on?", lambda question: asked.append(question) or said) is yes
    assert asked == ["Go on? [y/N] "]


def test_without_anyone_to_answer_it_is_no_and_the_default() -> None:
    assert confirm("Go on?", nobody) is False
    assert answer("Team", "local", nobody) == "local"
    assert answer("Team", "local", lambda _: " other ") == "other"
