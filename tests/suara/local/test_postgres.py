"""The embedded PostgreSQL: nobody gets in without the password, and nobody reads its files."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from kernel.settings import Settings
from suara.local import accounts, postgres
from tests.suara.local.other_users import as_nobody
from tests.suara.local.test_processes import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user, and only root has to")


def without_password(url: str) -> dict[str, str]:
    return {key: str(value) for key, value in conninfo_to_dict(url).items() if key != "password"}


def test_a_login_without_or_with_a_wrong_password_is_refused(postgres_url: str) -> None:
    options = without_password(postgres_url)
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(**options)  # type: ignore[arg-type]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**options, password="guess")  # type: ignore[arg-type]


def test_passwords_are_kept_as_scram(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        kept = connection.execute("select rolpassword from pg_authid where rolname = current_user").fetchone()
    assert kept is not None
    assert str(kept[0]).startswith("SCRAM-SHA-256$")


def test_it_listens_on_the_loopback_only(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        found = [
            connection.execute("select current_setting(%s)", [name]).fetchone()
            for name in ("listen_addresses", "unix_socket_directories")
        ]
        rules = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert found == [("127.0.0.1",), ("",)]
    assert rules == [("scram-sha-256",)]


def test_files_are_closed_to_others(postgres_url: str, server_home: Settings) -> None:
    folder = server_home.home / "postgres"
    assert stat.S_IMODE((folder / "cluster").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600


@as_root
def test_another_user_gets_neither_in_nor_at_the_files(postgres_url: str, server_home: Settings) -> None:
    options = without_password(postgres_url)
    login = [*("-h", options["host"], "-p", options["port"], "-U", options["user"], "-w", "-c", "select 1"), "postgres"]
    entered = run_as_nobody([str(postgres.programs() / "psql"), *login])
    assert entered.returncode != 0
    assert "no password supplied" in entered.stderr
    for file in ("postgres/cluster/PG_VERSION", "postgres/password", "run/ports", "logs/postgres.log"):
        read = run_as_nobody(["cat", str(server_home.home / file)])
        assert read.returncode != 0
        assert "Permission denied" in read.stderr


def run_as_nobody(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*as_nobody(), *command], capture_output=True, text=True, check=False, cwd="/")


def test_the_lock_of_a_zombie_gives_way_unless_the_cluster_is_in_use(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as killed, subprocess.Popen(["sleep", "600"], cwd=tmp_path) as working:
        zombie = psutil.Process(killed.pid)
        assert until(lambda: zombie.status() == psutil.STATUS_ZOMBIE)
        lock = tmp_path / "postmaster.pid"
        lock.write_text(f"{killed.pid}\n{tmp_path}\n")
        # As if it were the child of somebody who never looks.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "waitpid", lambda *_: (0, 0))
            postgres._drop_lock_of_zombie(tmp_path)
            assert lock.exists()
            working.kill()
            assert until(lambda: psutil.Process(working.pid).status() == psutil.STATUS_ZOMBIE)
            postgres._drop_lock_of_zombie(tmp_path)
            assert not lock.exists()


@as_root
def test_only_passing_is_granted_and_only_where_it_is_needed(tmp_path: Path) -> None:
    closed, open_ = tmp_path / "closed", tmp_path / "closed" / "open"
    open_.mkdir(parents=True)
    closed.chmod(0o700)
    open_.chmod(0o755)
    said: list[str] = []
    accounts.let_pass(open_ / "cluster", accounts.Account(uid=4_000_000, gid=4_000_000), said.append)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert stat.S_IMODE(open_.stat().st_mode) == 0o755
    assert [line for line in said if str(closed) in line]
    assert not [line for line in said if str(open_) in line]
