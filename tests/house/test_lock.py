"""The lock agrees with the project file, without asking any index."""

import os
import subprocess
import tomllib

from tests.house.uv import ROOT, find_uv


def test_the_lock_is_up_to_date() -> None:
    # An index of one's own would make any lock look outdated.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    command = [find_uv(), "lock", "--check", "--offline", "--no-config"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_neither_torch_nor_its_friends_are_locked() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    names = {package["name"] for package in lock["package"]}
    assert not names & {"torch", "transformers", "sentence-transformers", "tensorflow"}
