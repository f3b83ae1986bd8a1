"""The command line's manners: exit codes, messages without a trace, quick help, and no secret on the screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"airflow", "bertopic", "great_expectations", "kafka", "numba", "pandas", "scipy", "spacy", "sqlalchemy"}


def suara(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "suara", *arguments],
        env={**os.environ, "SUARA_HOME": str(home), **variables},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["no-such-command"], ["up", "--no-such-option"], ["airflow", "--port", "many"]])
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    done = suara(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_named_without_a_trace() -> None:
    done = suara("up", home=Path("/proc/suara"))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the folder /proc/suara")
    assert "SUARA_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_variable_is_named_with_its_nearest(tmp_path: Path) -> None:
    done = suara("status", home=tmp_path, SUARA_KAFKA__USER_NAME="x")
    assert done.returncode == 1
    assert "did you mean SUARA_KAFKA__USERNAME?" in done.stderr


def test_settings_show_no_secret(tmp_path: Path) -> None:
    secrets = {
        "SUARA_WAREHOUSE__URL": "postgresql://owner:hidden-word@127.0.0.1:5432/db",
        "SUARA_KAFKA__PASSWORD": "hidden-word",
    }
    for form in ([], ["--json"]):
        done = suara("settings", *form, home=tmp_path, **secrets)
        assert done.returncode == 0
        assert "hidden-word" not in done.stdout
        assert "not shown" in done.stdout
    rows = {row["variable"]: row for row in json.loads(done.stdout)}
    assert rows["SUARA_HOME"]["value"] == str(tmp_path)
    assert rows["SUARA_LOCAL__KAFKA_HEAP_MB"]["value"] == 384
    assert all(row["meaning"] for row in rows.values())


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, suara.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert set(done.stdout.split()) & HEAVY == set()


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert suara("--version", home=tmp_path).stdout.startswith("suara 0.")
