"""The command line as such: help, global options, exit codes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundtruth.entrypoints.cli.parser import build_parser
from support.program import Program


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Parsers of commands, without those of groups."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for command in group.choices.values():
            yield from leaves(command)
    if not groups:
        yield parser


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", tmp_path)


@pytest.mark.parametrize("command", list(leaves(build_parser())), ids=lambda command: command.prog)
def test_every_command_shows_an_example_that_parses(command: argparse.ArgumentParser) -> None:
    assert command.description
    heading, *examples = (command.epilog or "").splitlines()
    assert heading == "example:"
    parsed = [example.replace('"', "").split() for example in examples if "$(" not in example]
    for words in parsed:
        assert words[0] == "groundtruth"
        assert build_parser().parse_args(words[1:]).run
    assert not parsed or any(" ".join(words).startswith(command.prog) for words in parsed)


@pytest.mark.parametrize(
    "arguments",
    [["--json", "dataset", "local"], ["dataset", "--json", "local"], ["dataset", "local", "--json"]],
)
def test_global_options_stand_anywhere(arguments: list[str]) -> None:
    parsed = build_parser().parse_args(arguments)
    assert (parsed.json, parsed.quiet, parsed.run) == (True, False, "datasets:local")


def test_split_has_short_options_of_its_own() -> None:
    parsed = build_parser().parse_args(["-v", "-t", "me", "dataset", "split", "d", "-v", "0.1", "-t", "0.2"])
    assert (parsed.val_percentage, parsed.test_percentage) == (0.1, 0.2)
    assert (parsed.verbose, parsed.team) == (1, "me")


def test_groups_without_command_print_their_help(program: Program) -> None:
    assert "set-file-status" in program.run("dataset").stdout
    assert "exit codes" in program.run().stdout


def test_wrong_usage_is_2(program: Program) -> None:
    assert "usage" in program.run("dataset", "pull", code=2).stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise there")
@pytest.mark.parametrize("arguments", [["version"], ["doctor"], ["doctor", "--json"]])
def test_a_reader_that_went_away_is_no_traceback(program: Program, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = program.command(*arguments)
    done = subprocess.run(command, env=program.environment, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


INTERRUPTED = """
import sys
from groundtruth.entrypoints.cli import main
from groundtruth.entrypoints.cli.commands import datasets
def interrupted(arguments, session):
    raise KeyboardInterrupt
datasets.local = interrupted
sys.exit(main(["dataset", "local"]))
"""


def test_an_interrupt_is_130(program: Program) -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, env=program.environment, capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr.startswith("interrupted:")
    assert "Traceback" not in done.stderr


def test_a_hub_that_is_not_known_is_told_once(program: Program) -> None:
    program.home.mkdir()
    (program.home / "config.toml").write_text('hub = "nothing"\n')
    assert program.run("dataset", "local").stderr == ""
    report = program.run("doctor", "--json", code=1)
    assert json.loads(report.stdout)["checks"][2]["ok"] is False
    assert report.stderr == ""
    assert program.run("dataset", "remote", code=1).stderr.count("is not known") == 1


def test_a_datasets_folder_that_cannot_be_is_not_chosen(program: Program) -> None:
    (program.folder / "file").write_bytes(b"")
    failed = program.run("authenticate", "--datasets_dir", program.folder / "file" / "below", code=1)
    assert failed.stderr.startswith("error: ")
    assert "Traceback" not in failed.stderr
    assert not (program.home / "config.toml").exists()


def test_any_name_can_be_printed(program: Program) -> None:
    environment = {**program.environment, "PYTHONIOENCODING": "ascii"}
    command = program.command("hub", "add", "x", "--path", "/tmp/día")
    subprocess.run(command, env=environment, check=True, capture_output=True)
    for arguments in (["hub", "list"], ["hub", "list", "--json"]):
        done = subprocess.run(program.command(*arguments), env=environment, check=True, capture_output=True)
        assert done.stdout.isascii()
    assert json.loads(done.stdout)[-1]["where"] == "/tmp/día"


def settings_of(program: Program, *arguments: object, **variables: str) -> dict[str, tuple[str, str]]:
    """Value and origin of each setting that `doctor` shows; the hub itself need not be there."""
    asking = Program(program.home, program.folder, {"DARWIN_RETRY_MAX_ATTEMPTS": "1", **variables})
    done = subprocess.run(
        asking.command(*arguments, "doctor", "--json"), env=asking.environment, capture_output=True, text=True
    )
    return {row["setting"]: (row["value"], row["origin"]) for row in json.loads(done.stdout)["settings"]}


def test_doctor_shows_what_the_sdk_is_set_up_for(program: Program) -> None:
    config = program.home / ".darwin" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(
        "global:\n  api_endpoint: http://127.0.0.1:9/api/\n  base_url: http://127.0.0.1:9\n  default_team: theirs\n"
        f"teams:\n  theirs:\n    api_key: {'k' * 7}.{'s' * 32}\n    datasets_dir: {program.folder}/sets\n"
    )
    file = f"file {config}"
    shown = settings_of(program, "--hub", "darwin")
    assert shown["hubs.darwin"] == ("http://127.0.0.1:9", file)
    assert shown["team"] == ("theirs", file)
    assert shown["datasets_dir"] == (f"{program.folder}/sets", file)
    assert shown["workers"] == ("64", "default")
    assert shown["retry.max_attempts"] == ("1", "environment DARWIN_RETRY_MAX_ATTEMPTS")
    assert shown["retry.initial_wait"] == ("1.0", "default")
    # Other hubs are none of its business.
    assert settings_of(program)["team"] == ("local", "default")
    named = settings_of(program, "--hub", "darwin", "--team", "mine", DARWIN_TEAM="ours", DARWIN_DATASETS_DIR="/sets")
    assert (named["team"], named["datasets_dir"]) == (("mine", "flag"), ("/sets", "environment DARWIN_DATASETS_DIR"))
    assert settings_of(program, "--hub", "darwin", DARWIN_TEAM="ours")["team"] == ("ours", "environment DARWIN_TEAM")
    assert "sssss" not in str(shown)


def test_doctor_shows_the_address_in_the_environment(program: Program) -> None:
    shown = settings_of(program, "--hub", "darwin", DARWIN_BASE_URL="http://127.0.0.1:9")
    assert shown["hubs.darwin"] == ("http://127.0.0.1:9", "environment DARWIN_BASE_URL")
    assert settings_of(program)["hubs.darwin"] == ("https://darwin.v7labs.com", "default")


def test_doctor_shows_what_it_can_of_a_set_up_that_is_broken(program: Program) -> None:
    config = program.home / ".darwin" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("global: [")
    assert settings_of(program, "--hub", "darwin")["team"] == ("local", "default")
    done = program.run("--hub", "darwin", "doctor", code=1)
    assert "is not YAML" in done.stdout
