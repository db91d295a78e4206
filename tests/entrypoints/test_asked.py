"""A command line that is made for one command is the same, for that command, as the whole one."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Iterator

import pytest

from groundtruth.entrypoints.cli.parser import build_parser


def paths(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Words of every command and group."""
    yield words
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from paths(command, (*words, name))


def said(parser: argparse.ArgumentParser, arguments: list[str]) -> tuple[object, str, str]:
    """What parsing ends with: exit code or values, and what is printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            end: object = {key: value for key, value in vars(parser.parse_args(arguments)).items() if key != "parser"}
        except SystemExit as exit_:
            end = exit_.code
    return end, out.getvalue(), err.getvalue()


WHOLE = build_parser()
ENDS = ([], ["--help"], ["bogus"], ["test", "1", "--json"])


@pytest.mark.parametrize("words", list(paths(WHOLE)), ids=" ".join)
def test_ends_as_with_the_whole(words: tuple[str, ...]) -> None:
    for end in ENDS:
        arguments = [*words, *end]
        assert said(build_parser(arguments), arguments) == said(WHOLE, arguments)


@pytest.mark.parametrize(
    "arguments", [["bogus", "dataset"], ["-t", "me", "team", "x"], ["dataset", "-v", "pull", "d"]]
)
def test_ends_as_with_the_whole_in_any_order(arguments: list[str]) -> None:
    assert said(build_parser(arguments), arguments) == said(WHOLE, arguments)


def test_makes_only_what_is_asked_for() -> None:
    assert set(paths(build_parser(["dataset", "pull", "test"]))) == {(), ("dataset",), ("dataset", "pull")}
    assert set(paths(build_parser(["hub", "key", "list"]))) == {(), ("hub",), ("hub", "key"), ("hub", "key", "list")}
    for arguments in ([], ["help"], ["--help"], ["--json", "dataset", "local"], ["no-such-command"]):
        assert set(paths(build_parser(arguments))) == set(paths(WHOLE))
