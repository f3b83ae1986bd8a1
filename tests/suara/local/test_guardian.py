"""What a command started ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from suara.local import guardian, processes
from tests.suara.local.test_processes import until

OWNER = """
import signal, sys, time
from pathlib import Path
from suara.local import guardian, processes
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
home = Path(sys.argv[1])
with guardian.guarded(home) as owner:
    processes.start(home, processes.Launch(name="owned", command=["sleep", "600"]), owner=owner)
    processes.start(home, processes.Launch(name="kept", command=["sleep", "600"]), owner=None)
    print("started", flush=True)
    if sys.argv[2] == "wait":
        time.sleep(600)
    if sys.argv[2] == "raise":
        raise SystemExit(3)
"""


def run_owner(home: Path, how: str) -> subprocess.Popen[str]:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(home), how], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    owner.stdout.close()
    return owner


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_killed_owner_leaves_only_what_it_detached(tmp_path: Path, number: signal.Signals) -> None:
    owner = run_owner(tmp_path, "wait")
    os.kill(owner.pid, number)
    owner.wait()
    assert until(lambda: processes.recorded(tmp_path, "owned") is None)
    kept = processes.find(tmp_path, "kept")
    assert kept is not None
    processes.stop(tmp_path, [kept])


@pytest.mark.parametrize("how", ["return", "raise"])
def test_an_owner_that_ends_by_itself_has_stopped_everything(tmp_path: Path, how: str) -> None:
    owner = run_owner(tmp_path, how)
    assert owner.wait() == (3 if how == "raise" else 0)
    assert processes.recorded(tmp_path, "owned") is None
    kept = processes.find(tmp_path, "kept")
    assert kept is not None
    processes.stop(tmp_path, [kept])


def test_inside_a_guarded_block_this_process_is_the_owner(tmp_path: Path) -> None:
    assert guardian.owner_of(tmp_path) is None
    with guardian.guarded(tmp_path) as owner, guardian.guarded(tmp_path / "other"):
        assert guardian.owner_of(tmp_path) == owner
        record = processes.start(tmp_path, processes.Launch(name="owned", command=["sleep", "600"]), owner=owner)
        with guardian.guarded(tmp_path):
            assert guardian.owner_of(tmp_path) == owner
        assert guardian.owner_of(tmp_path) == owner
        assert processes.alive(record.identity), "only the outermost block ends it"
    assert not processes.alive(record.identity)
    assert guardian.owner_of(tmp_path) is None
