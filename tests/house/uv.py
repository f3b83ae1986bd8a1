"""The uv that `make setup` brought, for tests of packaging."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def find_uv() -> str:
    """Return the path of uv."""
    ours = [str(path) for path in (ROOT / ".tools/bin/uv", ROOT / ".tools/plain/bin/uv") if path.exists()]
    found = next(iter(ours), shutil.which("uv"))
    assert found, "no uv: run `make setup`"
    return found


def run_uv(*arguments: str, **variables: str) -> None:
    """Run uv in the project: from the cache that the set-up has filled, and only where that fails from the index."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | variables
    for offline in (["--offline"], []):
        command = [find_uv(), *arguments, *offline]
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return
    raise AssertionError(result.stderr)
