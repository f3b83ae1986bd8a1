"""The README: every command in it runs, in order, exactly as it is written there."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.uv import ROOT

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS: list[str] = re.findall(r"^```(?:sh|console)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# `make demo` and `make test` are this suite and its end-to-end test; their meaning is checked below.
LINES = [line for block in BLOCKS for line in block.splitlines() if line and not line.startswith("make ")]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home outside of pytest's folders, which are closed to PostgreSQL's own account."""
    folder = Path(tempfile.mkdtemp(prefix="suara-readme-"))
    yield folder / "home"
    shutil.rmtree(folder)


def test_every_command_runs_as_typed(home: Path, tmp_path: Path) -> None:
    """One shell types all lines, as a person would; the first that fails ends it and is named."""
    script = "\n".join(f"printf '\\n$ %s\\n' {quote(line)}\n{line}" for line in LINES)
    log = tmp_path / "typed.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SUARA_", "AIRFLOW"))}
    environment |= {"SUARA_HOME": str(home), "BROWSER": "true"}
    kept = os.environ.get("SUARA_LOCAL__MAVEN_REPOSITORY")
    if kept:
        environment["SUARA_LOCAL__MAVEN_REPOSITORY"] = kept
    try:
        with log.open("w") as out:
            typed = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
    finally:
        subprocess.run([ROOT / ".venv/bin/suara", "down"], cwd=ROOT, env=environment, capture_output=True, check=False)
    said = log.read_text("utf-8")
    assert typed.returncode == 0, said
    assert "Traceback" not in said
    assert (home / "reports" / "index.html").exists()
    assert (home / "reports" / "2026-11-09" / "community" / "report.html").exists()


def quote(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"


def test_it_begins_with_the_activation_that_gives_the_command() -> None:
    assert LINES[0] == "source .venv/bin/activate"
    assert {line.split()[0] for line in LINES[1:]} == {"suara"}


@pytest.mark.parametrize(("target", "runs"), [("demo", "suara demo --seed 7"), ("test", "-m pytest")])
def test_make_targets_mean_what_it_says(target: str, runs: str) -> None:
    assert f"make {target} " in README
    # -n prints what would run; the set-up is taken as done.
    plan = subprocess.run(
        ["make", "-n", "-o", "setup", target, "SEED=7"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert runs in plan.stdout
    setup = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "scripts/setup" in setup.stdout
