"""The wheel: it holds every file of the rooms, and works in an empty environment, from any folder."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.house.uv import ROOT, run_uv

ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run_uv("build", "--wheel", "--out-dir", str(folder))
    return next(folder.glob("suara-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with the locked packages and the wheel, and nothing of this folder."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run_uv(
        "sync",
        "--frozen",
        "--no-dev",
        "--no-install-project",
        "--python",
        sys.executable,
        UV_PROJECT_ENVIRONMENT=str(folder),
    )
    run_uv("pip", "install", "--no-deps", "--python", str(folder), str(wheel))
    return folder / "bin"


def run(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUARA_", "PYTHON", "AIRFLOW"))}
    return subprocess.run(
        command, cwd=folder, env=clean | {"HOME": str(folder)}, capture_output=True, text=True, check=False
    )


def test_it_holds_every_file_of_the_rooms(wheel: Path) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *ROOMS]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert files == {name for name in tracked if (ROOT / name).exists()}
    assert {Path(name).suffix for name in files} >= {".py", ".sql", ".lock"}


def test_it_carries_its_licence(wheel: Path) -> None:
    names = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/licenses/" in name}
    assert names >= {"LICENSE", "NOTICE"}


def test_the_command_works_from_another_folder(environment: Path, tmp_path: Path) -> None:
    told = run([environment / "suara", "--help"], tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert "import" in told.stdout
    settings = run([environment / "suara", "settings", "--json"], tmp_path)
    assert settings.returncode == 0, settings.stderr
    assert str(tmp_path / ".suara") in settings.stdout
    assert list(tmp_path.iterdir()) == [], "looking around leaves nothing behind"


def test_every_room_imports_without_this_folder_and_without_torch(environment: Path, tmp_path: Path) -> None:
    program = f"""
import importlib, importlib.util, pkgutil
for room in {ROOMS!r}:
    package = importlib.import_module(room)
    assert "site-packages" in package.__file__, package.__file__
for absent in ("torch", "sentence_transformers", "pytest"):
    assert importlib.util.find_spec(absent) is None, absent
"""
    result = run([environment / "python", "-W", "ignore", "-c", program], tmp_path)
    assert result.returncode == 0, result.stderr
