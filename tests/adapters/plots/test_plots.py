"""Pictures: readable, the same each time, and of whatever text names hold."""

from __future__ import annotations

import io
import math
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from groundtruth.domain.errors import InvalidInput
from groundtruth.ports.plots import (
    Bar,
    BarChart,
    Chart,
    Curve,
    CurveChart,
    MatrixChart,
    PlotFormat,
    ScatterChart,
)

pytest.importorskip("matplotlib")

from groundtruth.adapters.plots import MatplotlibPlotter

LINE = np.linspace(0, 1, 20)
CHARTS: list[Chart] = [
    BarChart("Board", "r2", [Bar("linear", 0.5, 0.4, 0.6), Bar("none", math.nan), Bar("$x_1", -0.25)]),
    ScatterChart("Points", LINE, np.append(LINE[:-1] ** 2, np.nan)),
    CurveChart("ROC", "x", "y", [Curve("a", LINE, LINE**0.5)], diagonal=True),
    MatrixChart("Confusion", ["cat", "día", "\x1b<&>"], np.array([[5, 1, 0], [0, 7, 2], [1, 1, 1]])),
]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: type(chart).__name__)
def test_a_chart_is_a_picture(chart: Chart) -> None:
    picture = MatplotlibPlotter(dots_per_inch=60).draw([chart])
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 3


def test_charts_stand_side_by_side() -> None:
    plotter = MatplotlibPlotter(dots_per_inch=30)
    several, single = (io.BytesIO(plotter.draw(charts)) for charts in (CHARTS, CHARTS[1:2]))
    with Image.open(several) as all_of_them, Image.open(single) as one:
        assert all_of_them.width > 2.5 * one.width
    root = ET.fromstring(plotter.draw(CHARTS, PlotFormat.SVG))
    assert root.tag.endswith("svg")


DRAW = """
import hashlib, sys
import numpy as np
from groundtruth.adapters.plots import MatplotlibPlotter
from groundtruth.ports.plots import *
charts = [BarChart("a", "b", [Bar("x", 1.0, 0.5, 1.5)]), ScatterChart("s", np.arange(5.0), np.arange(5.0))]
for kind in PlotFormat:
    print(hashlib.sha256(MatplotlibPlotter(60).draw(charts, kind)).hexdigest())
"""


def test_the_same_charts_give_the_same_bytes() -> None:
    runs = [
        subprocess.run([sys.executable, "-c", DRAW], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0].split())) == 2


def test_settings_of_the_caller_are_left_alone() -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 33}):
        MatplotlibPlotter(30).draw(CHARTS[:1])
        assert mpl.rcParams["font.size"] == 33


@pytest.mark.parametrize("charts", [[], CHARTS * 10])
def test_no_chart_or_too_many_are_refused(charts: list[Chart]) -> None:
    with pytest.raises(InvalidInput, match="picture"):
        MatplotlibPlotter().draw(charts)
