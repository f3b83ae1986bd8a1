"""Tables for people: what is copied from them stays in one piece, however narrow the terminal."""

from __future__ import annotations

import pytest
import typer

from suara.cli.output import not_blank, print_rows


def test_only_words_are_wrapped_and_empty_columns_left_out(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    words = "loading takes for ever since the update"
    rows = [{"week": "2026-11-09", "log": "/var/lib/suara/logs/sink.log", "said": words, "area": None}]
    print_rows(rows, ["week", "log", "said", "area"], json=False, empty="")
    shown = capsys.readouterr().out
    assert "2026-11-09" in shown
    assert "/var/lib/suara/logs/sink.log" in shown
    assert "area" not in shown
    assert all(word in shown for word in words.split())


def test_what_does_not_fit_is_not_cut_and_keys_keep_their_digits_together(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    row = {"post_id": 1234567890123, "posts": 12345, "at": "2026-11-27 06:37:12.560800+00:00", "why": "another tablet"}
    print_rows([row], list(row), json=False, empty="")
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("1234567890123", "12,345", "06:37:12.560800+00:00", "another", "tablet"))


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_a_name_that_says_nothing_is_refused(value):
    with pytest.raises(typer.BadParameter):
        not_blank(value)
    assert not_blank(" Ana ") == "Ana"
