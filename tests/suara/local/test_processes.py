"""Records of child processes: who is alive, who owns what, and what is left when things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from suara.local import processes
from suara.local.processes import Identity, Launch

NOBODY = Identity(2**22 + 1, 1.0)
"""A pid above what systems give out."""


def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> bool:
    """Wait for something that another process does; the length only bounds a failure."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def sleeper(name: str = "sleeper", **options: object) -> Launch:
    return Launch(name=name, command=["sleep", "600"], **options)  # type: ignore[arg-type]


def test_a_started_process_is_found_and_stopped(tmp_path: Path) -> None:
    record = processes.start(tmp_path, sleeper(), owner=None)
    assert processes.find(tmp_path, "sleeper") == record
    processes.stop(tmp_path, [record])
    assert processes.find(tmp_path, "sleeper") is None
    assert processes.all_recorded(tmp_path) == []
    assert not processes.alive(record.identity)


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    launch = Launch(name="speaker", command=["sh", "-c", "echo out; echo err >&2"])
    record = processes.start(tmp_path, launch, owner=None)
    assert until(lambda: not processes.alive(record.identity))
    assert processes.tail(Path(record.log)) == "  out\n  err"


def test_a_dead_process_that_nobody_reaped_counts_as_stopped(tmp_path: Path) -> None:
    record = processes.start(tmp_path, sleeper(), owner=None)
    os.kill(record.identity.pid, signal.SIGKILL)
    assert until(lambda: psutil.Process(record.identity.pid).status() == psutil.STATUS_ZOMBIE)
    assert processes.find(tmp_path, "sleeper") is None


def test_a_record_whose_pid_now_belongs_to_another_process_is_stale(tmp_path: Path) -> None:
    record = processes.start(tmp_path, sleeper(), owner=None)
    ours = record.identity
    stale = msgspec.structs.replace(record, identity=Identity(ours.pid, ours.born - 3600), name="stale")
    (tmp_path / "run" / "stale.json").write_bytes(msgspec.json.encode(stale))
    assert processes.find(tmp_path, "stale") is None
    processes.stop(tmp_path, [stale])
    assert processes.alive(ours), "the other process must not be hit"
    assert processes.recorded(tmp_path, "stale") is None
    processes.stop(tmp_path, [record])


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": 1}'])
def test_a_record_that_cannot_be_read_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (processes.run_folder(tmp_path) / "broken.json").write_bytes(content)
    assert processes.find(tmp_path, "broken") is None
    assert processes.all_recorded(tmp_path) == []


def test_one_that_ignores_its_signal_is_killed_with_its_family(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; (trap '' TERM; sleep 600) & echo $! ; while :; do sleep 0.1; done"
    launch = Launch(name="stubborn", command=["sh", "-c", stubborn], patience=0.3)
    record = processes.start(tmp_path, launch, owner=None)
    log = Path(record.log)
    assert until(lambda: log.read_text().strip().isdigit())
    child = psutil.Process(int(log.read_text()))
    processes.stop(tmp_path, [record])
    assert not processes.alive(record.identity)
    assert until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_users_stop_before_what_they_use(tmp_path: Path) -> None:
    server = processes.start(tmp_path, sleeper("server", order=1), owner=None)
    user = processes.start(tmp_path, sleeper("user"), owner=None)
    assert [record.name for record in processes.all_recorded(tmp_path)] == ["user", "server"]
    processes.stop(tmp_path, [server, user])


def test_a_detached_process_outlives_an_owner(tmp_path: Path) -> None:
    owner = processes.myself()
    processes.start(tmp_path, sleeper(), owner=owner)
    processes.keep(tmp_path, ["sleeper"])
    processes.release(tmp_path, owner)
    found = processes.find(tmp_path, "sleeper")
    assert found is not None
    assert found.detached
    processes.stop(tmp_path, [found])


def test_the_last_owner_stops_it(tmp_path: Path) -> None:
    owner = processes.myself()
    other = processes.identity(os.getppid())
    assert other is not None
    record = processes.start(tmp_path, sleeper(), owner=other)
    processes.join(tmp_path, record, owner)
    processes.release(tmp_path, other)
    assert processes.find(tmp_path, "sleeper") is not None
    processes.release(tmp_path, owner)
    assert processes.find(tmp_path, "sleeper") is None


def test_an_owner_that_died_does_not_keep_it_up(tmp_path: Path) -> None:
    owner = processes.myself()
    record = processes.start(tmp_path, sleeper(), owner=NOBODY)
    processes.join(tmp_path, record, owner)
    processes.release(tmp_path, owner)
    assert processes.find(tmp_path, "sleeper") is None


def test_owners_that_died_together_do_not_keep_it_up(tmp_path: Path) -> None:
    also_dead = Identity(NOBODY.pid + 1, 1.0)
    record = processes.start(tmp_path, sleeper(), owner=NOBODY)
    processes.join(tmp_path, record, also_dead)
    processes.release(tmp_path, Identity(NOBODY.pid + 2, 1.0))
    assert processes.find(tmp_path, "sleeper") is None


def test_looking_at_a_process_does_not_keep_it_up(tmp_path: Path) -> None:
    owner = processes.myself()
    record = processes.start(tmp_path, sleeper(), owner=owner)
    processes.join(tmp_path, record, None)
    processes.release(tmp_path, owner)
    assert processes.find(tmp_path, "sleeper") is None


def test_one_that_starts_again_keeps_its_owners_and_stays_detached(tmp_path: Path) -> None:
    parent = processes.identity(os.getppid())
    assert parent is not None
    first = processes.start(tmp_path, sleeper(), owner=parent)
    processes.join(tmp_path, first, NOBODY)
    processes.keep(tmp_path, ["sleeper"])
    processes.stop(tmp_path, [first], forget=False)
    again = processes.start(tmp_path, sleeper(), owner=processes.myself())
    assert again.owners == (parent, processes.myself())
    assert again.detached
    processes.stop(tmp_path, [again])


def test_what_a_dead_leader_left_is_stopped_too(tmp_path: Path) -> None:
    launch = Launch(name="leader", command=["sh", "-c", "sleep 600 & echo $! ; wait"])
    record = processes.start(tmp_path, launch, owner=None)
    log = Path(record.log)
    assert until(lambda: log.read_text().strip().isdigit())
    child = psutil.Process(int(log.read_text()))
    os.kill(record.identity.pid, signal.SIGKILL)
    os.waitpid(record.identity.pid, 0)
    assert child.is_running()
    processes.stop(tmp_path, [record])
    assert until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_program_never_begins_without_its_record(tmp_path: Path) -> None:
    """The starter dies between making the process and writing it down."""
    trace = tmp_path / "began"
    code = f"""
import os, signal
from pathlib import Path
from suara.local import processes
processes._write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
launch = processes.Launch(name="p", command=["touch", {str(trace)!r}])
processes.start(Path({str(tmp_path)!r}), launch, owner=None)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert not until(trace.exists, seconds=0.5)


def test_two_commands_do_not_start_parts_at_once(tmp_path: Path) -> None:
    heard: list[str] = []
    code = f"""
import sys
from pathlib import Path
from suara.local import processes
with processes.locked(Path({str(tmp_path)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"

        def let_go(line: str) -> None:
            heard.append(line)
            assert holder.stdin is not None
            holder.stdin.close()

        with processes.locked(tmp_path, let_go):
            assert heard == ["Waiting for another command that starts or stops the parts"]
