"""The account that PostgreSQL runs under. It refuses to run as root, so root hands it to an account of its own.

No folder is opened for reading: where the account must pass through a closed folder, that folder gets `o+x` (pass, not
list), and it is said.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.errors import PartUnavailableError
from suara.local.processes import Say

ACCOUNT = "pgserver"
_REMEDY = "Run suara as an ordinary user, or set SUARA_WAREHOUSE__URL to a PostgreSQL of your own."


@dataclass(frozen=True)
class Account:
    """User and group that own the database's files; both None when these are our own."""

    uid: int | None = None
    gid: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `subprocess` that run a program under this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def account(cluster: Path) -> Account:
    """Return the account that runs `cluster`: ourselves, or for root its owner, or an unprivileged one that is made."""
    if os.geteuid() != 0:
        return Account()
    if cluster.exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    import pwd

    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        _add_account()
        entry = pwd.getpwnam(ACCOUNT)
    return Account(entry.pw_uid, entry.pw_gid)


def let_pass(path: Path, who: Account, say: Say) -> None:
    """Let the account reach `path`: `o+x` for those folders above it that it cannot pass through."""
    if who.uid is None:
        return
    for folder in reversed(path.resolve().parents):
        status = folder.stat()
        passes = (
            stat.S_IXUSR if status.st_uid == who.uid else stat.S_IXGRP if status.st_gid == who.gid else stat.S_IXOTH
        )
        if not status.st_mode & passes:
            folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
            say(f"PostgreSQL does not run as root: its account {ACCOUNT} may now pass through {folder} (o+x)")


def _add_account() -> None:
    program = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if program is None:
        message = f"PostgreSQL does not run as root, and there is no `useradd` to make an account {ACCOUNT}"
        raise PartUnavailableError(message, remedy=_REMEDY)
    command = [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    exists = 9  # another process was faster
    if result.returncode not in {0, exists}:
        message = f"PostgreSQL does not run as root, and the account {ACCOUNT} cannot be made: {result.stderr.strip()}"
        raise PartUnavailableError(message, remedy=_REMEDY)
