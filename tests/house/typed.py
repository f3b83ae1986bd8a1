"""A page's commands run in a shell, on a home of their own that holds the example forum."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.uv import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "forum.csv"


def run(script: str, environment: dict[str, str], folder: Path = ROOT) -> str:
    """Return what a script prints that must end well, and within minutes: some of its lines wait for something."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


@contextmanager
def forum_home(purpose: str) -> Iterator[dict[str, str]]:
    """Give the environment of a home with the forum, outside of pytest's folders, closed to PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix=f"suara-{purpose}-"))
    folder.chmod(0o711)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUARA_", "AIRFLOW"))}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("SUARA_LOCAL__")}
    kept |= {"SUARA_HOME": str(folder / "home"), "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}", "COLUMNS": "200"}
    run(f"suara up && suara import csv {EXAMPLE} --source forum --preset forum", kept, folder)
    yield kept
    subprocess.run([ROOT / ".venv/bin/suara", "down"], env=kept, capture_output=True, check=False)
    shutil.rmtree(folder)
