"""The contact sheet, opened in headless Chromium: photos are drawn, with annotations on the right objects."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
)

PROBE = """
<script>
addEventListener("load", () => {
  const drawn = [...document.querySelectorAll("svg")].filter(one => {
    const box = one.getBoundingClientRect();
    return box.width > 20 && box.height > 20;
  });
  const photos = [...document.images].filter(one => one.complete && one.naturalWidth > 0).length;
  document.title = `drawn=${drawn.length} photos=${photos} broken=${document.images.length - photos}`;
});
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_sheet_shows_photos_with_annotations(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    subprocess.run(
        [sys.executable, ROOT / "examples/demo/run.py", "--output", output], check=True, capture_output=True
    )
    sheet = output / "contact-sheet.html"
    probed = sheet.with_name("probed.html")
    probed.write_text(sheet.read_text().replace("</body>", f"{PROBE}</body>"))
    assert BROWSER is not None

    dumped = subprocess.run(
        [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'one'}", "--dump-dom", probed.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    title = dumped.partition("<title>")[2].partition("</title>")[0]
    facts = dict(part.split("=") for part in title.split())
    assert int(facts["drawn"]) >= 16
    assert int(facts["photos"]) >= 16 or "data:image/jpeg" in dumped
    assert facts["broken"] == "0"

    shot = tmp_path / "sheet.png"
    arguments = [f"--user-data-dir={tmp_path / 'two'}", f"--screenshot={shot}", "--window-size=1400,2600"]
    subprocess.run([BROWSER, *QUIET, *arguments, sheet.as_uri()], check=True, capture_output=True)
    pixels = np.asarray(Image.open(shot).convert("RGB"))
    colours = np.unique(pixels.reshape(-1, 3)[::7], axis=0)
    assert len(colours) > 5000  # a page of text has dozens, photos have thousands
