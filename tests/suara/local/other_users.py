"""Commands run as another account, where the tests run as root; elsewhere the tests are another account already."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NOBODY = 65534


def as_nobody() -> list[str]:
    """Return the words before a command that make it run as an account without any rights. Root only."""
    program = shutil.which("setpriv")
    assert program, "setpriv (util-linux) is needed to become another user"
    return [program, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def not_as_root() -> list[str]:
    """Return the words before a command that make it run otherwise than as root; none where we are not root.

    Where the interpreter lies in root's own folder, no other account reaches it. There a user namespace does: programs
    see an ordinary account, the kernel still lets them into the folder.
    """
    if os.geteuid() != 0:
        return []
    direct = as_nobody()
    if subprocess.run([*direct, sys.executable, "-c", "import suara"], capture_output=True, cwd="/").returncode == 0:
        return direct
    return ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
