"""`suara dlq` as it is typed, with real Kafka and a real warehouse behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.events import encode
from suara.cli.main import app
from tests.streams.conftest import Stream, engine, read_all, stream  # noqa: F401 - fixtures
from tests.streams.poison import BODY, VALUE
from tests.streams.test_load import post

WORDS = b"words of a person"


def dlq(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, ["dlq", *words], input=answer)


def said(*words: str, answer: str | None = None) -> str:
    result = dlq(*words, answer=answer)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def parts(stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stream:  # noqa: F811
    """Settings that name running servers, and four dead letters of two kinds."""
    for name, value in {
        "HOME": str(tmp_path),
        "CONFIG": str(tmp_path / "suara.toml"),
        "KAFKA__BOOTSTRAP_SERVERS": str(stream.settings.bootstrap_servers),
        "WAREHOUSE__URL": stream.url,
    }.items():
        monkeypatch.setenv(f"SUARA_{name}", value)
    (tmp_path / "suara.toml").write_text("")
    stream.send(VALUE.replace(BODY, b'"body":7,"title":"%s"' % WORDS), WORDS, b"{", None)
    stream.drain()
    return stream


def status_of(parts: Stream) -> dict[str, int]:
    return {status: parts.scalar(f"select count(*) from raw.rejected_event where status = '{status}'")
            for status in ("open", "replayed", "discarded")}  # fmt: skip


def listed(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said("list", "--json", *words))
    return found


def test_a_list_counts_by_reason_and_gives_ids_to_paste(parts: Stream) -> None:
    output = said("list")
    assert {"wrong_type", "malformed_json", "truncated", "null_value"} <= set(output.split())
    ids = [letter["id"] for letter in listed()["newest"]]
    assert len(ids) == 4
    assert all(any(line.startswith(f"{letter}  ") for line in output.splitlines()) for letter in ids)
    assert f"suara dlq show {ids[0]}" in output
    assert [count["events"] for count in listed("--stage", "decode")["counts"]] == [1, 1, 1]
    assert len(listed("--limit", "2")["newest"]) == 2
    assert "There are no open dead letters like that." in said("list", "--source", "forum")
    assert "There are no replayed dead letters" in said("list", "--status", "replayed")
    assert "There are no dead letters like that." in said("list", "--status", "all", "--until", "2020-01-01")


def test_words_come_out_only_when_they_are_asked_for(parts: Stream, tmp_path: Path) -> None:
    letters = {letter["reason"]: letter["id"] for letter in listed()["newest"]}
    for words in (["list"], ["list", "--json"], ["show", letters["wrong_type"]], ["show", letters["malformed_json"]],
                  ["show", letters["malformed_json"], "--json"]):  # fmt: skip
        assert WORDS.decode() not in said(*words)
    assert "$.data.body" in said("show", letters["wrong_type"])
    assert dlq("show", letters["malformed_json"], "--payload").stdout_bytes == WORDS
    assert json.loads(said("show", letters["malformed_json"], "--payload", "--json"))["payload"] == WORDS.decode()
    assert "no value" in dlq("show", letters["null_value"], "--payload").stderr


def test_a_dry_run_changes_nothing(parts: Stream) -> None:
    before = len(read_all(parts.settings, parts.posts))
    output = said("replay", "--dry-run")
    assert "Would replay 3." in output
    assert "it had no value" in output
    assert "Would discard 4." in said("discard", "--because", "a test", "--dry-run")
    assert status_of(parts) == {"open": 4, "replayed": 0, "discarded": 0}
    assert len(read_all(parts.settings, parts.posts)) == before


def test_a_replay_says_what_was_sent_and_what_was_left(parts: Stream) -> None:
    output = said("replay")
    assert "Sent 3 again" in output
    assert "cannot be sent again as it was: it had no value" in output
    assert status_of(parts) == {"open": 1, "replayed": 3, "discarded": 0}
    assert "Sent 0 again" in said("replay")
    assert "Nothing to replay" in said("replay", "--reason", "truncated")
    parts.drain()
    assert {letter["attempts"] for letter in listed()["newest"]} == {1, 2}


def test_more_than_a_few_are_changed_only_when_somebody_agrees(parts: Stream) -> None:
    parts.send(*[b"{"] * 9)
    parts.drain()
    assert dlq("replay").exit_code == 1
    assert dlq("discard", "--because", "a test", answer="n\n").exit_code == 1
    assert status_of(parts)["open"] == 13
    assert "Sent 10 again" in said("replay", "--reason", "truncated", answer="y\n")
    assert "Discarded 3." in said("discard", "--because", "a test", "--yes")
    assert status_of(parts) == {"open": 0, "replayed": 10, "discarded": 3}


def test_a_discard_needs_a_reason_and_keeps_it(parts: Stream) -> None:
    letter = listed("--reason", "truncated")["newest"][0]["id"]
    assert dlq("discard", letter).exit_code == 2
    assert "--because is empty" in str(dlq("discard", letter, "--because", " ").exception)
    assert "Discarded 1." in said("discard", letter, "--because", "a test of the exporter")
    assert "a test of the exporter" in said("show", letter)
    assert "Nothing to discard" in said("discard", letter, "--because", "again")


def test_a_file_takes_the_place_of_a_broken_record(parts: Stream, tmp_path: Path) -> None:
    letter = listed("--reason", "null_value")["newest"][0]["id"]
    file = tmp_path / "event.json"
    file.write_bytes(b"{")
    assert "refused again: decode.truncated" in str(dlq("replay", letter, "--with", str(file)).exception)
    file.write_bytes(encode(post(1)))
    assert "Would send event.json" in said("replay", letter, "--with", str(file), "--dry-run")
    assert status_of(parts)["replayed"] == 0
    assert "Sent event.json" in said("replay", letter, "--with", str(file))
    assert "exactly one ID" in str(dlq("replay", "--with", str(file)).exception)
    assert parts.drain().loaded == 1
