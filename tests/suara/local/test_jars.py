"""Only the jars that were locked may run."""

from __future__ import annotations

import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from kernel.errors import PartUnavailableError
from suara.local import jars


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two jars, and a lock that lists them."""
    folder = tmp_path / f"kafka-{jars.VERSION}"
    folder.mkdir()
    lines = []
    for name in ("broker-1.jar", "log-2.jar"):
        (folder / name).write_bytes(name.encode())
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    lock = tmp_path / "jars.lock"
    lock.write_text("".join(lines))
    monkeypatch.setattr(jars, "LOCK", lock)
    return folder


def test_the_locked_jars_are_accepted(folder: Path) -> None:
    found = jars.class_path(repository=None, say=print, cache=folder.parent)
    assert found.split(":") == [str(folder / "broker-1.jar"), str(folder / "log-2.jar")]


def test_a_changed_jar_is_refused_by_name(folder: Path) -> None:
    (folder / "log-2.jar").write_bytes(b"something else")
    with pytest.raises(PartUnavailableError, match=r"log-2\.jar is not the jar that was locked"):
        jars.class_path(repository=None, say=print, cache=folder.parent)


def test_a_jar_that_is_not_on_the_list_is_refused_by_name(folder: Path) -> None:
    (folder / "extra.jar").write_bytes(b"")
    with pytest.raises(PartUnavailableError, match=r"extra\.jar is not on the list"):
        jars.class_path(repository=None, say=print, cache=folder.parent)


def test_a_missing_jar_is_named(folder: Path) -> None:
    (folder / "broker-1.jar").unlink()
    with pytest.raises(PartUnavailableError, match=r"broker-1\.jar is missing"):
        jars.class_path(repository=None, say=print, cache=folder.parent)


def test_the_lock_names_every_jar_once_with_a_sum() -> None:
    sums = jars.locked_sums()
    assert f"kafka_2.13-{jars.VERSION}.jar" in sums
    assert "slf4j-simple-1.7.36.jar" in sums
    assert all(len(digest) == 64 for digest in sums.values())
    assert len(sums) == len(jars.LOCK.read_text().splitlines())


def test_without_network_one_message_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    with pytest.raises(PartUnavailableError) as caught:
        jars.class_path(repository="http://127.0.0.1:9/", say=print, cache=tmp_path)
    text = str(caught.value)
    assert "SUARA_LOCAL__MAVEN_REPOSITORY" in text
    assert "SUARA_KAFKA__BOOTSTRAP_SERVERS" in text
    assert len(text.splitlines()) == 2
    assert not (tmp_path / f"kafka-{jars.VERSION}").exists()


def test_the_mirror_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Mirror(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            with pytest.raises(PartUnavailableError):
                jars.class_path(repository=f"http://127.0.0.1:{server.server_port}/maven", say=print, cache=tmp_path)
        finally:
            server.shutdown()
    assert any(f"kafka_2.13-{jars.VERSION}.pom" in path for path in asked)
    assert all(path.startswith("/maven/") for path in asked)
