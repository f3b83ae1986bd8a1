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


def test_pii_prints_for_each_kind_and_language_what_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    main(["pii", "--posts", "20", "--json"])
    *rows, everything = json.loads(capsys.readouterr().out)
    assert {row["language"] for row in rows} == {"en", "id"}
    assert all(row["posts"] == 20 for row in rows)
    assert all(row["recall"] >= 0.9 and row["precision"] >= 0.9 for row in rows if row["kind"] != "name")
    assert everything["posts"] == 520


def test_pii_counts_in_a_file_and_prints_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(json.dumps({"body": "mail rina@contoh.co.id or budi@contoh.co.id"}) + "\n", "utf-8")
    main(["pii", "--data", str(path), "--text", "body", "--json"])
    printed = capsys.readouterr().out
    assert {row["kind"]: row["spans"] for row in json.loads(printed) if row.get("spans")} == {"email": 2}
    assert "contoh" not in printed


def test_pii_needs_the_columns_of_a_file(table: Path) -> None:
    with pytest.raises(SystemExit, match="--text COLUMN"):
        main(["pii", "--data", str(table)])


def test_search_tells_how_much_of_the_first_ten_is_of_the_same_label(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["search", "--data", str(table), "--text", "body", "--label", "area", "--json"])
    rows = {row["search by"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows.keys() == {"meaning", "all words", "any word", "both"}
    assert rows["both"]["posts"] == 8
    assert rows["both"]["same label in the first ten"] == 24, "of so few all are found"
    assert rows["both"]["precision"] == rows["both"]["possible"] == 0.3


def test_search_tells_how_often_a_translation_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentences = [("I cannot log in", "aku tidak bisa masuk"), ("the price went up", "harganya naik")]
    rows = [
        {"text": text, "id": key, "lang": lang}
        for key, pair in enumerate(sentences)
        for lang, text in zip(("english", "indonesian"), pair, strict=True)
    ]
    path = tmp_path / "twins.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = ["--text", "text", "--label", "lang", "--pair", "id", "--language", "lang"]
    main(["search", "--data", str(path), *told, "--ask", "2", "--json"])
    found = [row for row in json.loads(capsys.readouterr().out) if row["search by"] == "meaning"]
    assert [row["twin in the first ten"] for row in found] == [2, 2]


def test_scan_times_each_kind_of_search(capsys: pytest.CaptureFixture[str]) -> None:
    main(["scan", "--vectors", "500", "--repeat", "1", "--hnsw", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 6
    assert all(row["posts"] == 500 and row["milliseconds"] > 0 for row in rows)
    assert rows[-1]["megabytes"] > 0


def test_size_finds_the_subjects_that_were_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    main(["size", "--posts", "400", "800", "--subjects", "4", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [row["posts"] for row in rows] == [400, 800]
    assert all(row["ari"] > 0.5 for row in rows)
    assert rows[0]["memory_mb"] <= rows[1]["memory_mb"]
