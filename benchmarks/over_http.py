"""Push and pull over HTTP: groundtruth against the `darwin` program and `curl`, on the same server.

Whole processes, cold: each pull goes into a folder of its own, each push into a dataset of its own. The server is
`groundtruth serve`; with `--delay` every request takes that much longer, by a proxy in between. Ratios are medians of
the other's wall time to ours. Connections are counted by the proxy.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import attrs
from peers import darwin_python
from processes import Run, program, run

TEAM = "bench"
ROOT = Path(__file__).resolve().parents[1]


@attrs.frozen
class Place:
    """A server with a key, and a home in which both programs are set up for it."""

    url: str
    key: str
    scratch: Path
    pid: int = 0

    def home(self, name: str) -> tuple[dict[str, str], Path]:
        """Environment of a program that was never run, and its datasets folder."""
        home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.scratch))
        datasets = home / "datasets"
        datasets.mkdir()
        (home / ".darwin").mkdir()
        (home / ".darwin" / "config.yaml").write_text(
            f"global:\n  api_endpoint: {self.url}/api/\n  base_url: {self.url}\n  default_team: {TEAM}\n"
            f"teams:\n  {TEAM}:\n    api_key: {self.key}\n    datasets_dir: {datasets}\n"
        )
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(home), "GROUNDTRUTH_HOME": str(home / "gt")}, datasets

    def ask(self, path: str) -> bytes:
        """Answer of the hub to a request with the key."""
        url = path if path.startswith("http") else f"{self.url}/api/{path}"
        headers = {"Authorization": f"ApiKey {self.key}"} if "signature=" not in url else {}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.read()


@contextlib.contextmanager
def serving(scratch: Path) -> Iterator[Place]:
    """`groundtruth serve` over a hub of its own."""
    environment = {**os.environ, "GROUNDTRUTH_HOME": str(scratch / "server"), "GROUNDTRUTH_TEAM": TEAM}
    made = subprocess.run(
        [*program(), "--json", "hub", "key", "create", "--role", "admin"],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    key = json.loads(made.stdout)["key"]
    with open(scratch / "server.log", "w") as log:
        server = subprocess.Popen(
            [*program(), "--json", "serve", "--port", "0", "--no-access-log"],
            env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            yield Place(json.loads(server.stdout.readline())["url"], key, scratch, server.pid)
        finally:
            server.terminate()
            server.wait(30)


@contextlib.contextmanager
def slowed(place: Place, delay: float) -> Iterator[Place]:
    """The same server, each request `delay` seconds later."""
    if not delay:
        yield place
        return
    upstream = place.url.partition("://")[2]
    proxy = subprocess.Popen(
        [sys.executable, "-m", "support.proxy", "--upstream", upstream, "--delay", str(delay)],
        cwd=ROOT / "tests", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert proxy.stdout is not None
    port = proxy.stdout.readline().split()[-1]
    try:
        yield attrs.evolve(place, url=f"http://127.0.0.1:{port}")
    finally:
        print(f"proxy: {proxy.communicate()[0].strip()}", flush=True)  # it ends when its input does


def pictures(folder: Path, count: int, size: int) -> Path:
    """Distinct files that call themselves JPEGs."""
    folder.mkdir()
    for number in range(count):
        (folder / f"image{number:06d}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(size - 4))
    return folder


@attrs.define
class Bench:
    """Runs commands of both programs, and keeps what they took."""

    place: Place
    rounds: int
    results: dict[str, dict[str, list[Run]]] = attrs.field(factory=dict)

    def darwin(self, *arguments: object) -> list[object]:
        return [darwin_python().with_name("darwin"), *arguments]

    def record(self, scenario: str, who: str, one: Run) -> None:
        self.results.setdefault(scenario, {}).setdefault(who, []).append(one)
        print(f"{scenario:34} {who:12} {one.wall:7.2f} s  cpu {one.cpu:6.2f} s  peak {one.peak:5.0f} MB", flush=True)

    def pull(self, place: Place, scenario: str, dataset: str, *flags: str, again: bool = False) -> None:
        for _ in range(self.rounds):
            environment, _ = place.home("groundtruth")
            command = [*program(), "--quiet", "--hub", "darwin", "dataset", "pull", f"{TEAM}/{dataset}:1.0", *flags]
            one = run(command, environment)
            self.record(scenario, "groundtruth", run(command, environment) if again else one)
            environment, _ = place.home("darwin")
            command = self.darwin("dataset", "pull", f"{TEAM}/{dataset}:1.0", *flags)
            one = run(command, environment)
            self.record(scenario, "darwin", run(command, environment) if again else one)

    def push(self, place: Place, scenario: str, folder: Path) -> None:
        for number in range(self.rounds):
            for who in ("groundtruth", "darwin"):
                environment, _ = place.home(who)
                name = f"{scenario}-{who}-{number}".replace(" ", "-").lower()
                subprocess.run(
                    [*program(), "--quiet", "--hub", "darwin", "dataset", "create", name],
                    env=environment, check=True, capture_output=True,
                )  # fmt: skip
                arguments = ("dataset", "push", f"{TEAM}/{name}", folder)
                command = (
                    [*program(), "--quiet", "--hub", "darwin", *arguments]
                    if who == "groundtruth"
                    else self.darwin(*arguments)
                )
                self.record(scenario, who, run(command, environment))

    def curl(self, place: Place, scenario: str, dataset: str) -> None:
        """`curl -Z` on the addresses of the release's files, known beforehand."""
        for _ in range(self.rounds):
            environment, target = place.home("curl")
            config = target / "config"
            config.write_text(
                "\n".join(
                    f'url = "{url}"\noutput = "{target}/{number}"'
                    for number, url in enumerate(file_urls(place, dataset))
                )
            )
            header = f"Authorization: ApiKey {place.key}"
            command = ["curl", "-s", "-Z", "--parallel-max", "64", "-H", header, "-K", config]
            self.record(scenario, "curl", run(command, environment))

    def unzip(self, place: Place, scenario: str, dataset: str) -> None:
        """`unzip` of the release, fetched by `curl`."""
        for _ in range(self.rounds):
            environment, target = place.home("unzip")
            url = release(place, dataset)["download_url"]
            command = ["sh", "-c", f"cd {target} && curl -s -o r.zip '{url}' && unzip -q r.zip -d out"]
            self.record(scenario, "unzip", run(command, environment))

    def summary(self) -> dict[str, dict[str, float]]:
        table: dict[str, dict[str, float]] = {}
        for scenario, by in self.results.items():
            ours = statistics.median(one.wall for one in by["groundtruth"])
            table[scenario] = {
                who: round(statistics.median(one.wall for one in runs) / ours, 2)
                for who, runs in by.items()
                if who != "groundtruth"
            }
            table[scenario]["seconds"] = round(ours, 2)
            table[scenario]["peak_mb"] = round(max(one.peak for one in by["groundtruth"]))
        return table


def release(place: Place, dataset: str) -> dict[str, str]:
    """The record of the only release."""
    (record,) = json.loads(place.ask(f"v2/teams/{TEAM}/datasets/{dataset}/exports"))
    return record


def file_urls(place: Place, dataset: str) -> list[str]:
    """Addresses of the release's source files."""
    archive = zipfile.ZipFile(BytesIO(place.ask(release(place, dataset)["download_url"])))
    documents = (json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json"))
    return [slot["source_files"][0]["url"] for one in documents if "item" in one for slot in one["item"]["slots"]]


def prepare(place: Place, dataset: str, folder: Path) -> None:
    """A dataset with these files and a release of it."""
    environment, _ = place.home("prepare")
    for arguments in (("create", dataset), ("push", dataset, folder), ("export", dataset, "1.0")):
        command = [*program(), "--quiet", "--hub", "darwin", "dataset", *map(str, arguments)]
        subprocess.run(command, env=environment, check=True, capture_output=True)


def main() -> None:
    """Run the scenarios and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="scenarios whose name holds a word")
    parser.add_argument("--many", type=int, default=20_000, help="items of the release pulled without media")
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--scratch", default=None, help="folder to work in; it is not emptied")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="groundtruth-bench-", dir=arguments.scratch))
    try:
        with serving(scratch) as place:
            table = scenarios(Bench(place, arguments.rounds), scratch, arguments)
    finally:
        if arguments.scratch is None:
            shutil.rmtree(scratch)
    print(json.dumps(table, indent=None if arguments.json else 2))


def scenarios(bench: Bench, scratch: Path, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every scenario asked for, in turn."""
    place = bench.place

    def wanted(name: str) -> bool:
        return not arguments.only or any(word in name for word in arguments.only)

    small = pictures(scratch / "small", 2000, 40_000)
    prepare(place, "small", small)
    with slowed(place, arguments.delay) as slow:
        if wanted("pull 2000"):
            bench.pull(place, "pull 2000 x 40 KB", "small")
            bench.curl(place, "pull 2000 x 40 KB", "small")
        if wanted("pull slow"):
            bench.pull(slow, "pull slow 2000 x 40 KB", "small")
        if wanted("again"):
            bench.pull(place, "pull again, nothing new", "small", again=True)
        if wanted("push 2000"):
            bench.push(place, "push 2000 x 40 KB", small)
        if wanted("push slow"):
            bench.push(slow, "push slow 2000 x 40 KB", small)
    if wanted("large"):
        prepare(place, "large", pictures(scratch / "large", 200, 3_000_000))
        bench.pull(place, "pull large 200 x 3 MB", "large")
        bench.curl(place, "pull large 200 x 3 MB", "large")
    if wanted("annotations"):
        prepare(place, "many", pictures(scratch / "many", arguments.many, 1000))
        name = f"annotations of {arguments.many}"
        bench.pull(place, name, "many", "--only-annotations")
        bench.unzip(place, name, "many")
    return bench.summary()


if __name__ == "__main__":
    main()
