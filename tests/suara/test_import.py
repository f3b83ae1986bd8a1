"""`suara import` on a real Kafka, a real sink and a real warehouse: every row accounted for, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from kernel.errors import InputError
from kernel.settings import read_settings
from streams.topics import Topic
from suara.cli.main import app
from suara.local import stack
from warehouse.engine import connect

FORUM = """post_id,topic_id,title,post_number,reply_to,author,created_at,text
10,1,Slow sync,1,,ana,2026-11-02T09:00:00Z,Sync takes minutes
11,1,Slow sync,2,1,budi,2026-11-02T10:00:00Z,Same here
12,1,Slow sync,3,2,sapa-bot,2026-11-02T11:00:00Z,
13,1,Slow sync,4,,,2026-11-02T12:00:00Z,nobody
20,2,Halo,1,,citra,someday,no time
21,2,Halo,2,,citra,2026-11-03T09:00:00Z,Halo semua
"""
# The broker keeps what other tests sent, so this module has a source of its own for each test that sends.
NAMES = ("kebun", "taman", "sawah", "hutan")
TOML = """
[community]
timezone = "Asia/Jakarta"
""" + "".join(f'[sources.{name}]\nkind = "forum"\nbots = ["sapa-bot"]\n' for name in NAMES)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", *arguments])


def outcome(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def export(tmp_path: Path) -> str:
    file = tmp_path / "forum.csv"
    file.write_text(FORUM)
    return str(file)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "suara.toml").write_text(TOML)
    monkeypatch.setenv("SUARA_CONFIG", str(tmp_path / "suara.toml"))
    monkeypatch.setenv("SUARA_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def warehouse(home: Path, kafka: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Everything that an import needs, with a sink of its own that ends with the test."""
    monkeypatch.setenv("SUARA_KAFKA__BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setenv("SUARA_KAFKA__GROUP", f"test-{uuid4()}")
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", warehouse_url)
    with stack.owned(read_settings(), sink=True, say=lambda _: None):
        yield warehouse_url


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    engine = connect(url, role="pipeline")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def test_every_row_is_accounted_for_and_a_second_import_adds_only_what_is_new(warehouse: str, export: str) -> None:
    first = outcome("csv", export, "--source", "kebun")
    assert (first["read"], first["sent"], first["rejected"], first["skipped"]) == (6, 4, 2, 0)
    assert first["landed"] == {"new": 4, "known": 0, "dead_letters": 0, "forgotten": 0}
    assert first["rejected_by_reason"]["bad_time"]["first_lines"] == [6]
    assert first["rejected_by_reason"]["missing_author"]["first_lines"] == [5]
    assert first["wordless"] == 1

    with Path(export).open("a") as file:
        file.write(
            "22,2,Halo,3,2,ana,2026-11-03T10:00:00Z,Hai\n10,1,Slow sync,1,,ana,2026-11-02T09:00:00Z,It takes hours\n"
        )
    second = outcome("csv", export, "--source", "kebun")
    assert second["landed"] == {"new": 2, "known": 4, "dead_letters": 0, "forgotten": 0}
    third = outcome("csv", export, "--source", "kebun", "--since", "2026-11-03T17:00")
    assert (third["read"], third["sent"], third["skipped"]) == (8, 1, 6)
    assert third["landed"] == {"new": 0, "known": 1, "dead_letters": 0, "forgotten": 0}

    posts = rows(
        warehouse,
        "select p.external_id, t.external_id, t.title, m.external_id, m.role, p.body, p.is_thread_start, "
        "p.parent_external_id from core.post p join core.thread t using (thread_id) "
        "join core.member m using (member_id) join core.source s on s.source_id = p.source_id "
        "where s.name = 'kebun' and s.kind = 'forum' order by p.created_at",
    )
    assert posts == [
        ("10", "1", "Slow sync", "ana", "member", "It takes hours", True, None),
        ("11", "1", "Slow sync", "budi", "member", "Same here", False, "10"),
        ("12", "1", "Slow sync", "sapa-bot", "bot", "", False, "11"),
        ("21", "2", "Halo", "citra", "member", "Halo semua", False, None),
        ("22", "2", "Halo", "ana", "member", "Hai", False, "21"),
    ]
    noted = rows(
        warehouse,
        "select source, file_name, rows_read, rows_sent, rows_rejected, rows_skipped, reasons->'bad_time'->>'rows', "
        "finished_at >= started_at, length(file_sha256) from ops.import_run order by import_id",
    )
    assert noted == [
        ("kebun", "forum.csv", 6, 4, 2, 0, "1", True, 64),
        ("kebun", "forum.csv", 8, 6, 2, 0, "1", True, 64),
        ("kebun", "forum.csv", 8, 1, 1, 6, "1", True, 64),
    ]


def test_a_history_goes_to_the_backfill_topic_and_the_counts_meet(warehouse: str, export: str) -> None:
    live = outcome("csv", export, "--source", "hutan", "--until", "2026-11-03")
    assert live["landed"] == {"new": 3, "known": 0, "dead_letters": 0, "forgotten": 0}
    history = outcome("csv", export, "--source", "hutan", "--backfill")
    assert history["landed"] == {"new": 1, "known": 3, "dead_letters": 0, "forgotten": 0}
    topics = "select topic, count(*) from raw.event where source like '%hutan' group by topic order by topic"
    assert rows(warehouse, topics) == [(Topic.BACKFILL, 4), (Topic.POSTS, 3)]
    posts = "select count(*) from core.post join core.source using (source_id) where name = 'hutan'"
    assert rows(warehouse, posts) == [(4,)]
    counted = json.loads(CliRunner().invoke(app, ["reconcile", "--json"]).stdout)
    left = {count["step"]: count["unexplained"] for count in counted if "hutan" in count["what"]}
    assert left == {"import": 0, "sent": 0, "core": 0}


def test_people_read_what_happened_and_what_comes_next(warehouse: str, export: str) -> None:
    result = run("csv", export, "--source", "taman")
    assert result.exit_code == 0, result.output
    assert "Read 6 rows: sent 4, rejected 2, skipped 0" in result.stdout
    assert "bad_time 1: not a time that can be read; line 6" in result.stdout
    assert "Loaded 4 new posts, 0 dead letters" in result.stdout
    assert "Next: suara run weekly --from 2026-11-02 --to 2026-11-02" in result.stdout
    assert "author = 'author'" in result.stderr
    assert "known already" in run("csv", export, "--source", "taman").stdout


def test_an_import_that_is_killed_and_run_again_loads_every_row_once(warehouse: str, tmp_path: Path) -> None:
    total = 30_000
    file = tmp_path / "big.csv"
    lines = (f"{n},{n // 10},ana,2026-11-02T09:00:00Z,post {n}\n" for n in range(total))
    file.write_text("post_id,topic_id,author,created_at,text\n" + "".join(lines))
    arguments = ["import", "csv", str(file), "--source", "big", "--preset", "forum"]
    broken_off = subprocess.Popen([sys.executable, "-m", "suara", *arguments], stdout=subprocess.DEVNULL)
    while not rows(
        warehouse, "select from core.post p join core.source s using (source_id) where s.name = 'big' limit 1"
    ):
        assert broken_off.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    broken_off.send_signal(signal.SIGKILL)
    broken_off.wait()
    again = outcome(*arguments[1:])
    assert again["sent"] == total
    assert again["landed"]["new"] + again["landed"]["known"] == total
    count = "select count(*), count(distinct p.external_id) from core.post p join core.source s using (source_id)"
    assert rows(warehouse, f"{count} where s.name = 'big'") == [(total, total)]


def test_without_waiting_the_events_are_in_kafka(warehouse: str, export: str) -> None:
    result = run("csv", export, "--source", "sawah", "--no-wait")
    assert result.exit_code == 0, result.output
    assert "The sink goes on loading them" in result.stdout
    deadline = time.monotonic() + 60
    while len(rows(warehouse, "select from core.post p join core.source s using (source_id) where name = 'sawah'")) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_dry_run_shows_the_first_posts_and_starts_nothing(home: Path, export: str) -> None:
    result = run("csv", export, "--source", "kebun", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "would send 4, rejected 2" in result.stdout
    assert "2026-11-02 09:00 UTC  ana opens 1" in result.stderr
    assert "sapa-bot (bot) answers 11 in 1" in result.stderr
    assert "Slow sync | Sync takes minutes" in result.stderr
    assert not (home / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["csv", "FILE", "--source", "Kebun Kami"], "For example: --source kebun-kami"),
        (["csv", "FILE", "--source", "kebun", "--timezone", "Asia/Jakata"], "did you mean Asia/Jakarta?"),
        (["csv", "FILE", "--source", "kebun", "--since", "tomorrow"], "--since: 'tomorrow' is not a time"),
        (["csv", "FILE", "--source", "kebun", "--since", "2027"], "--since: '2027' is not a time"),
        (["csv", "FILE", "--source", "kebun", "--time-format", "%Q"], "'Q' is a bad directive"),
        (["csv", "FILE", "--source", "kebun", "--map", "body=txt"], "did you mean 'text'?"),
        (["csv", "FILE", "--source", "other"], "--preset forum"),
        (["jsonl", "FILE", "--source", "kebun"], "suara import csv"),
        (["csv", "nowhere.csv", "--source", "kebun"], "nowhere.csv cannot be read: No such file"),
        (["csv", "FILE", "--source", "kebun", "--map", "created_at=text", "--dry-run"], "no row of"),
        (["csv", "FILE", "--source", "kebun", "--until", "2020-01-01", "--dry-run"], "from 2026-11-02 to 2026-11-03"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(home: Path, export: str, arguments: list[str], says: str) -> None:
    result = run(*[export if word == "FILE" else word for word in arguments])
    assert isinstance(result.exception, InputError)
    assert says in str(result.exception)
    assert not (home / "home").exists()


def test_accounts_that_look_like_programs_are_named_unless_they_are_listed(home: Path, export: str) -> None:
    arguments = ["csv", export, "--preset", "forum", "--dry-run", "--source"]
    said = run(*arguments, "ladang").stdout
    assert "may be programs, and their posts count as members': sapa-bot (1)" in said
    assert 'under [sources.ladang] in suara.toml and import again: bots = ["sapa-bot"]' in said
    assert outcome(*arguments, "ladang")["like_programs"] == {"sapa-bot": 1}
    assert outcome(*arguments, "kebun")["like_programs"] == {}


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("Welcome Bot", 1),
        ("github-actions[bot]", 1),
        ("nightly_bot", 1),
        ("Alya Abbott", 0),
        ("robota", 0),
        ("botan", 0),
    ],
)
def test_a_program_is_known_by_a_word_of_its_name(name: str, looks: int, home: Path) -> None:
    file = home / "named.csv"
    file.write_text(f"author,created_at,text\n{name},2026-11-02T09:00:00Z,Halo\n")
    assert (
        len(outcome("csv", str(file), "--source", "ladang", "--preset", "forum", "--dry-run")["like_programs"]) == looks
    )


def test_a_header_without_rows_is_said(home: Path, export: str) -> None:
    Path(export).write_text(FORUM.splitlines(keepends=True)[0])
    with pytest.raises(InputError, match="has a header and no rows"):
        CliRunner().invoke(app, ["import", "csv", export, "--source", "kebun", "--dry-run"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["csv", "nowhere.csv", "--source", "x"], 1), (["xml", "a", "--source", "x"], 2)]
)
def test_errors_come_without_a_trace_and_with_an_exit_code(home: Path, arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "suara", "import", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_the_help_teaches_fields_presets_and_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = run("--help").output
    for word in ("Presets", "reviews", "thread_id", "edited_at", "suara import csv reviews.csv", "--dry-run"):
        assert word in shown
