"""Pictures: unknown is a gap, and everything stays inside its frame."""

from __future__ import annotations

import re

import pytest

from reports import charts


def points(picture: str, tag: str) -> list[list[tuple[float, float]]]:
    found = re.findall(rf'<{tag} points="([^"]*)"', picture)
    return [[tuple(map(float, pair.split(","))) for pair in line.split()] for line in found]


def test_an_unknown_week_breaks_the_line():
    assert len(points(charts.spark([1, 2, None, 3, 4], label="x"), "polyline")) == 2
    assert len(points(charts.spark([1, 2, 0, 3, 4], label="x"), "polyline")) == 1


@pytest.mark.parametrize("series", [[], [None], [5], [0, 0], [None, None, 3]])
def test_thin_series_are_drawn_without_complaint(series):
    assert charts.spark(series, label="x").startswith("<svg")


def test_a_spark_stands_on_zero():
    (line,) = points(charts.spark([0, 5, 10], label="x"), "polyline")
    assert line[0][1] == charts.SPARK_HEIGHT - 4
    assert line[2][1] == 4


@pytest.mark.parametrize(("share", "width"), [(None, "0.00"), (0.5, "50.00"), (1.5, "100.00")])
def test_a_bar_keeps_its_frame(share, width):
    assert f'class="part" width="{width}"' in charts.bar(share)


def test_the_curve_falls_in_steps_and_keeps_its_frame():
    hours, share = [0, 1, 24, 168], [1.0, 0.5, 0.25, None]
    picture = charts.waiting_curve(
        hours,
        share,
        [None, 0.4, 0.1, None],
        [None, 0.6, 0.4, None],
        marks=[(24, "24 h")],
        levels=[(0.5, "50%")],
        label="x",
    )
    (line,) = points(picture, "polyline")
    assert len(line) == 5
    assert [y for _, y in line] == sorted(y for _, y in line)
    for x, y in line + points(picture, "polygon")[0]:
        assert 0 <= x <= charts.CURVE_WIDTH
        assert 0 <= y <= charts.CURVE_HEIGHT


def test_labels_are_escaped():
    assert "<b>" not in charts.spark([1], label="<b>")
