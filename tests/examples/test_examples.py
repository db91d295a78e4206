"""The worked examples do what they say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from PIL import Image

from groundtruth import Client

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_web_service_answers_releases_and_errors(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    with Client.local(home=tmp_path / "home") as client:
        dataset = client.create_dataset("team/street")
        dataset.push(tmp_path / "a.png")
        dataset.export("1.0")
        app = load("web_service").application(client.container.list_releases())

        def get(path: str) -> tuple[str, object]:
            seen: list[str] = []
            body = b"".join(app({"PATH_INFO": path}, lambda status, headers: seen.append(status)))
            return seen[0], json.loads(body)

        assert get("/datasets/team/street/releases") == ("200 OK", [{"name": "1.0", "images": 1}])
        status, body = get("/datasets/team/nothing/releases")
        assert status == "404 Not Found"
        assert "nothing" in str(body)
        assert get("/datasets")[0] == "400 Bad Request"


def test_swapped_probe_is_the_one_that_looks(tmp_path: Path) -> None:
    assert load("swap_an_adapter").main(tmp_path) == (4, 2)


def test_fakes_example_passes_as_the_test_it_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "fakes_in_a_test.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
