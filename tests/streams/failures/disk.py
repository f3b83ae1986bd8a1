"""A disk of a few megabytes: a tmpfs in a namespace of its own, for which no right is needed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o "size=$1,mode=777" tmpfs "$0" && echo there && exec sleep infinity'
_NEAR = 64 * 1024


class SmallDisk:
    """Seen only by commands that begin with `inside`, and by this process under `path`."""

    def __init__(self, folder: Path, holder: int) -> None:
        self.inside = ["nsenter", f"--target={holder}", "--user", "--mount", "--preserve-credentials"]
        self.path = Path(f"/proc/{holder}/root{folder}")

    @property
    def free(self) -> int:
        """Bytes that still fit."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, *, leave: int) -> None:
        """Let only so many bytes fit."""
        with (self.path / "filler").open("wb") as file:
            file.write(b"x" * max(0, self.free - leave))

    def make_room(self) -> None:
        """Let all fit again that the disk is made for."""
        (self.path / "filler").unlink()


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a small disk for the length of a block; skip the test where users may have no namespaces."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        refused = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False).stderr.strip()
    except FileNotFoundError as error:
        refused = str(error)
    if refused:
        pytest.skip(f"there may be no namespaces here, so there is no small disk: {refused}")
    command = [*unshare, "sh", "-c", _MOUNT, str(folder), f"{megabytes}m"]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"there\n", holder.communicate()[1].decode()
        yield SmallDisk(folder, holder.pid)
    finally:
        holder.kill()
        holder.communicate()


def is_full(disk: SmallDisk) -> bool:
    """Tell whether next to nothing fits on it, for a second at least."""
    if disk.free > _NEAR:
        return False
    time.sleep(1)
    return disk.free <= _NEAR
