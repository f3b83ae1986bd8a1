"""Child processes that are written down, so that any later command can find and stop them.

Each process has one file `$SUARA_HOME/run/<name>.json` with its pid and birth. It is written before the program may
begin, so no process ever runs unrecorded. A record whose process is gone, is a zombie, or whose pid now belongs to
somebody else counts as stopped. A process is *detached* (it runs until `suara down`) or *owned*: it is stopped when its
last owner leaves, by the owner or, if that was killed, by the guardian.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil

from kernel.clock import SystemClock
from kernel.errors import SettingsError

Say = Callable[[str], None]

# A pid is used again long after its first owner's birth, while a clock that is set moves a birth by seconds only.
SAME_BIRTH_SECONDS = 10.0
KILLED_SECONDS = 10.0
FULL_LOG_BYTES = 5_000_000
# The program begins only after its record is on disk; a starter that dies before leaves an end of file.
_WAIT_FOR_RECORD = 'read go && exec "$@" </dev/null'


class Identity(NamedTuple):
    """A process for certain: its pid and the time of its birth, in seconds since the epoch."""

    pid: int
    born: float


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down about one child process."""

    name: str
    identity: Identity
    log: str
    stop: str = "SIGTERM"
    patience: float = 20.0
    order: int = 0
    about: str = ""
    address: str | None = None
    detached: bool = False
    owners: tuple[Identity, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start a program, and how it wants to be stopped."""

    name: str
    command: Sequence[str]
    stop: str = "SIGTERM"
    """The signal that ends it tidily."""
    patience: float = 20.0
    """Seconds that this may take before it is ended by force."""
    order: int = 0
    """What uses others stops first: ascending."""
    about: str = ""
    """What it was started with; another value later means that it has to be started anew."""
    address: str | None = None
    """Where it listens, for people."""
    environment: Mapping[str, str] | None = None
    account: Mapping[str, Any] | None = None
    """`user`, `group` and `extra_groups` for `subprocess`, where the program must not run as ourselves."""


class _Child(subprocess.Popen[bytes]):
    """A process that may outlive this one, so that leaving it running is no mistake to warn of."""

    def __del__(self) -> None:
        """Say nothing."""


def identity(pid: int) -> Identity | None:
    """Return who `pid` is now, or None where nobody or only a zombie is left of it."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, process.create_time())
    except psutil.NoSuchProcess:
        return None


def myself() -> Identity:
    """Return the identity of this process, the same each time."""
    return Identity(os.getpid(), _birth(os.getpid()))


def alive(who: Identity) -> bool:
    """Tell whether this very process still runs."""
    now = identity(who.pid)
    return now is not None and abs(now.born - who.born) < SAME_BIRTH_SECONDS


def private(folder: Path) -> Path:
    """Return a folder of our own, closed to other accounts if it has to be made, as are those made above it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"the folder {folder} cannot be made: {error.strerror}"
        raise SettingsError(message, remedy="SUARA_HOME names another folder for data, logs and reports.") from error
    return folder


def run_folder(home: Path) -> Path:
    """Return the folder of records, made where it is missing."""
    return private(home / "run")


@contextlib.contextmanager
def locked(home: Path, say: Say | None = None) -> Iterator[None]:
    """Hold the lock of a home, so that two commands never start or stop its parts at once."""
    with (run_folder(home) / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if say:
                say("Waiting for another command that starts or stops the parts")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find(home: Path, name: str) -> Record | None:
    """Return the record of a running process, or None."""
    record = recorded(home, name)
    return record if record and alive(record.identity) else None


def recorded(home: Path, name: str) -> Record | None:
    """Return what is written down under `name`, whether it still runs or not."""
    try:
        return msgspec.json.decode((run_folder(home) / f"{name}.json").read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def all_recorded(home: Path) -> list[Record]:
    """Return every record of a home, in the order in which they are stopped."""
    names = sorted(path.stem for path in run_folder(home).glob("*.json"))
    return sorted((record for name in names if (record := recorded(home, name))), key=_order)


def start(home: Path, launch: Launch, *, owner: Identity | None) -> Record:
    """Start a program in a session of its own, logging to `logs/<name>.log`; detached without an `owner`.

    One that was started before under this name is followed in full: detached if that was, and held by its owners.
    """
    before = recorded(home, launch.name)
    others = tuple(other for other in before.owners if other != owner and alive(other)) if before else ()
    path = private(home / "logs") / f"{launch.name}.log"
    if path.exists() and path.stat().st_size > FULL_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    read, write = os.pipe()
    with os.fdopen(read, "rb") as gate, os.fdopen(write, "wb") as go, path.open("ab") as log:
        child = _Child(
            ["/bin/sh", "-c", _WAIT_FOR_RECORD, "sh", *launch.command],
            stdin=gate,
            stdout=log,
            stderr=log,
            cwd="/",
            env=launch.environment,
            start_new_session=True,
            **(launch.account or {}),
        )
        record = Record(
            name=launch.name,
            identity=Identity(child.pid, psutil.Process(child.pid).create_time()),
            log=str(path),
            stop=launch.stop,
            patience=launch.patience,
            order=launch.order,
            about=launch.about,
            address=launch.address,
            detached=owner is None or (before is not None and before.detached),
            owners=others if owner is None else (*others, owner),
        )
        _write(home, record)
        go.write(b"go\n")
    return record


def join(home: Path, record: Record, owner: Identity | None) -> None:
    """Keep a running process for one more owner; who only looks is none and leaves it to those who hold it."""
    if owner is not None and owner not in record.owners:
        _write(home, msgspec.structs.replace(record, owners=(*record.owners, owner)))


def keep(home: Path, names: Collection[str]) -> None:
    """Let processes run until `down`, whoever started them."""
    for record in all_recorded(home):
        if record.name in names and not record.detached:
            _write(home, msgspec.structs.replace(record, detached=True))


def release(home: Path, owner: Identity) -> None:
    """Stop what nobody but `owner` holds; owners that have died no longer count."""
    ending = []
    for record in all_recorded(home):
        others = tuple(other for other in record.owners if other != owner and alive(other))
        if not record.detached and not others and record.owners:
            ending.append(record)
        elif others != record.owners:
            _write(home, msgspec.structs.replace(record, owners=others))
    stop(home, ending)


def stop(home: Path, records: Sequence[Record], *, forget: bool = True) -> None:
    """Ask processes and their groups to end, wait for as long as each may take, then end them by force.

    What uses others ends first; those of the same order end side by side. Without `forget` the records stay, for a
    process that is started again at once.
    """
    for _, group in itertools.groupby(sorted(records, key=_order), key=_order):
        ending = [(record, _family(record.identity)) for record in group]
        for record, family in ending:
            if family:
                _signal_group(record.identity.pid, signal.Signals[record.stop])
        for record, family in ending:
            _end(record, family)
            if forget:
                (run_folder(home) / f"{record.name}.json").unlink(missing_ok=True)


def tail(log: Path, *, lines: int = 15) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except OSError:
        return "(there is no log)"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


def _write(home: Path, record: Record) -> None:
    path = run_folder(home) / f"{record.name}.json"
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(record))
    new.replace(path)


@functools.cache
def _birth(pid: int) -> float:
    return psutil.Process(pid).create_time()


def _order(record: Record) -> int:
    return record.order


def _end(record: Record, family: list[psutil.Process]) -> None:
    """Wait until a whole family has ended, and kill what is left of it when the patience is over."""
    clock = SystemClock()
    deadline = clock.monotonic() + record.patience
    while (left := [process for process in family if _runs(process)]) and clock.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        _signal_group(record.identity.pid, signal.SIGKILL)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=KILLED_SECONDS)


def _family(who: Identity) -> list[psutil.Process]:
    """Return a session leader, its descendants and all of its session, who may no longer be descendants.

    The session outlives its leader, whose pid is given to nobody while it lasts.
    """
    pid, family = who.pid, {}
    if alive(who):
        with contextlib.suppress(psutil.NoSuchProcess):
            leader = psutil.Process(pid)
            family = {process.pid: process for process in (leader, *leader.children(recursive=True))}
    elif identity(pid) is not None or who.born < psutil.boot_time() - SAME_BIRTH_SECONDS:
        return []  # the pid is somebody else's by now
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):
            if os.getsid(process.pid) == pid:
                family.setdefault(process.pid, process)
    return list(family.values())


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
