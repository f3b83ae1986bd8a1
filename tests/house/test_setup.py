"""`make setup`: does nothing when nothing changed, and says what to do where a machine lacks something."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.uv import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with what the set-up reads, and nothing else."""
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def setup(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [project / "scripts" / "setup"], env=kept | variables, capture_output=True, text=True, check=False
    )


def test_what_is_ready_is_left_alone(project: Path) -> None:
    command = ["sh", "-c", "pwd; cat uv.lock pyproject.toml scripts/setup | cksum"]
    sums = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (project / ".venv" / ".suara-ready").write_text(sums.stdout)
    again = setup(project)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    (project / "uv.lock").write_text("changed")
    assert setup(project, PYTHON="false").returncode == 1, "a changed lock is noticed"


def test_an_extra_stays_until_it_is_taken_away(project: Path) -> None:
    command = ["sh", "-c", "pwd; cat uv.lock pyproject.toml scripts/setup | cksum; echo folder"]
    sums = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (project / ".venv" / ".suara-ready").write_text(sums.stdout)
    assert setup(project).returncode == setup(project, EXTRA="folder").returncode == 0
    assert setup(project, EXTRA="", PYTHON="false").returncode == 1, "another environment is asked for"


def test_a_wrong_python_is_named_with_what_to_do(project: Path) -> None:
    told = setup(project, PYTHON="false")
    assert told.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 found: false is no Python" in told.stderr
    assert "make setup PYTHON=" in told.stderr
    assert not (project / ".venv").exists()


def test_an_index_that_does_not_answer_is_named_with_what_to_do(project: Path) -> None:
    # A folder with nothing but the usual programs, so that no uv is found on the way.
    programs = project / "programs"
    programs.mkdir()
    for name in ("bash", "env", "dirname", "cat", "cut", "cksum", "rm", "awk", "python3"):
        found = sys.executable if name == "python3" else shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    nowhere = "http://127.0.0.1:9/simple"
    told = setup(project, PATH=str(programs), PIP_INDEX_URL=nowhere, PIP_RETRIES="0", PIP_CONFIG_FILE=os.devnull)
    assert told.returncode == 1
    assert "uv could not be fetched from the package index" in told.stderr
    assert "PIP_INDEX_URL" in told.stderr
