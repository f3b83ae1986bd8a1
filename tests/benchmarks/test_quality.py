"""The page of quality is written as it is measured, and says what was not."""

from __future__ import annotations

from benchmarks import quality


def test_a_set_that_is_missing_is_named_and_the_rest_is_measured(tmp_path, monkeypatch):
    runs = ("language --data FOLDER/nowhere/a.csv.gz --text text --label lang", "pii --posts 4 --seed 1")
    monkeypatch.setattr(quality, "SECTIONS", (quality.Section("Title", "What to know.", runs),))
    head, title, missing, measured = quality.page(tmp_path, None)
    assert head.startswith("# How well texts are understood")
    assert title == "\n## Title\n\nWhat to know.\n"
    assert missing == f"\n`python -m benchmarks.nlp {runs[0]}`\n\nNot measured: there is no nowhere.\n"
    assert "| email |" in measured
    assert "| recall |" in measured
