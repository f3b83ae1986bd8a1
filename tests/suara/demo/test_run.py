"""The way through the demo: its own home, its own surroundings, and a small community taken all the way twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

from kernel.settings import read_settings
from suara.demo import POSTS, SEED, WEEKS
from suara.demo.community import generate
from suara.demo.grade import Grade, by_key
from suara.demo.run import _furnish, _surroundings, fingerprint, home_of
from suara.local import processes


def test_each_community_has_a_home_of_its_own(tmp_path: Path) -> None:
    homes = {
        home_of(tmp_path, seed=seed, weeks=weeks, posts=posts)
        for seed in (SEED, 7)
        for weeks in (WEEKS, 2)
        for posts in (POSTS, 600)
    }
    assert len(homes) == 8
    assert home_of(tmp_path, seed=7, weeks=WEEKS, posts=POSTS) == tmp_path / "demo" / "7"


def test_the_surroundings_forget_other_servers_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", "postgresql://somebody@elsewhere/else")
    monkeypatch.setenv("SUARA_LOCAL__KAFKA_HEAP_MB", "256")
    before = dict(os.environ)
    with _surroundings(tmp_path / "here"):
        settings = read_settings()
        assert settings.home == (tmp_path / "here").resolve()
        assert settings.config == settings.home / "suara.toml"
        assert settings.warehouse.url is None
        assert settings.local.kafka_heap_mb == 256
    assert dict(os.environ) == before


def test_a_home_of_another_version_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("SUARA_HOME", str(home))
    said: list[str] = []
    told = generate(seed=4, weeks=1, posts=300)
    _furnish(told, home, said.append)
    (home / "kept").touch()
    _furnish(told, home, said.append)
    assert (home / "kept").exists()
    assert not said
    _furnish(generate(seed=4, weeks=1, posts=310), home, said.append)
    assert not (home / "kept").exists()
    assert "starting anew" in said[0]


def test_the_fingerprint_is_of_every_event() -> None:
    events = [event for _, event in generate(seed=4, weeks=1, posts=300).events]
    assert fingerprint(events) == fingerprint(list(events))
    assert fingerprint(events) != fingerprint(events[1:])


def test_a_small_community_goes_all_the_way_and_again() -> None:
    """Real Kafka, PostgreSQL and Airflow; the second run finds nothing new and gives the same grade."""
    home = Path(tempfile.mkdtemp(prefix="suara-demo-"))
    home.chmod(0o711)
    own = home_of(home, seed=3, weeks=1, posts=400)
    try:
        first = _run(home)
        grade = (own / "grade.json").read_bytes()
        page = own / "reports" / "index.html"
        assert page.exists()
        assert str(page) in first.splitlines()[-1]
        assert str(own / "grade.json") in first.splitlines()[-2]
        lines = by_key(msgspec.json.decode(grade, type=Grade))
        for key in ("events", "posts", "reactions", "decisions"):
            assert (key, lines[key].n) == (key, lines[key].total)
        assert lines["language"].n > 0.95 * lines["language"].total
        second = _run(home)
        assert (own / "grade.json").read_bytes() == grade
        assert "nothing has changed" in second
        assert not [record for record in processes.all_recorded(own) if processes.alive(record.identity)]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(home: Path) -> str:
    """Run the command as a person would, and return what it printed."""
    clean = {name: value for name, value in os.environ.items() if name != "AIRFLOW_HOME"}
    command = [sys.executable, "-m", "suara", "demo", "--seed", "3", "--weeks", "1", "--posts", "400"]
    done = subprocess.run(command, env={**clean, "SUARA_HOME": str(home)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
