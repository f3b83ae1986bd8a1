"""The quality benchmarks take any labelled file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.nlp import main

_TEXTS = {
    "login": ["I cannot log in", "login fails every time", "the password is refused at login", "aku tidak bisa masuk"],
    "price": ["far too expensive", "the price went up again", "harganya mahal sekali", "cheaper plans, please"],
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    rows = [{"title": "Hello", "body": text, "area": area} for area, texts in _TEXTS.items() for text in texts]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_cut_prints_what_each_limit_costs_and_loses(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["cut", "--data", str(table), "--text", "title", "body", "--label", "area", "--cuts", "80", "300", "--json"])
    short, long = json.loads(capsys.readouterr().out)
    assert (short["characters"], long["characters"]) == (80, 300)
    assert short["texts"] == long["texts"] == 8
    assert short["share"] == long["share"] <= 1  # no text is longer than 80 characters


def test_an_unknown_column_is_named_with_those_there_are(table: Path) -> None:
    with pytest.raises(SystemExit, match="no column 'words'; it has title, body, area"):
        main(["cut", "--data", str(table), "--text", "words", "--label", "area"])
