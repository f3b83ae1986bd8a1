"""The lock agrees with the project file, without asking any index."""

import os
import re
import subprocess

from tests.house.uv import ROOT, find_uv


def test_the_lock_is_up_to_date() -> None:
    # An index of one's own would make any lock look outdated.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    command = [find_uv(), "lock", "--check", "--offline", "--no-config"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_neither_torch_nor_its_friends_are_installed_unless_asked_for() -> None:
    heavy = {"torch", "transformers", "sentence-transformers", "tensorflow"}
    assert not exported() & heavy
    assert exported("--extra", "folder") & heavy == heavy - {"tensorflow"}


def exported(*options: str) -> set[str]:
    """Return the names of the packages that the set-up brings."""
    command = [find_uv(), "export", "--quiet", "--frozen", "--offline", "--no-config", "--no-hashes", *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", result.stdout, re.MULTILINE))
