"""A broker with TLS, logins and permissions: what works, and what is said of each thing that does not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)
from pydantic import SecretStr

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError, SuaraError
from kernel.settings import KafkaSettings
from streams.broker import DeniedError, topic_ids
from streams.partitions import raise_partitions
from streams.reach import obstacle
from streams.sink import Sink
from streams.topics import INGESTED, Topic, ensure_topics
from suara.local import preflight
from tests.fixtures.secure_broker import OWNER, PASSWORD, READER, STRANGER, SecureBroker
from tests.streams.conftest import Stream
from tests.streams.histories import town
from warehouse.engine import connect

# kafka-python leaves the sockets of refused connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning")


@pytest.fixture(scope="module")
def secured(secure_broker: SecureBroker) -> SecureBroker:
    """The broker with the house's own topics, which the reader may read, and write dead letters to."""
    ensure_topics(secure_broker.administrator, log_days=7)
    allow(secure_broker, READER, {ACLOperation.READ: INGESTED, ACLOperation.WRITE: [Topic.DLQ]}, group="readers")
    return secure_broker


def allow(broker: SecureBroker, user: str, rights: dict[ACLOperation, Any], *, group: str) -> None:
    wanted = [
        (ResourcePattern(ResourceType.TOPIC, str(topic)), operation)
        for operation, topics in rights.items()
        for topic in topics
    ]
    groups = ResourcePattern(ResourceType.GROUP, group, ACLResourcePatternType.PREFIXED)
    wanted.append((groups, ACLOperation.READ))
    admin = KafkaAdminClient(bootstrap_servers=broker.administrator.bootstrap_servers)
    admin.create_acls(
        [ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, pattern) for pattern, operation in wanted]
    )
    admin.close()


def refusal(settings: KafkaSettings, **options: Any) -> str:
    """Return message and remedy of a check that must fail; no password is ever in them."""
    with pytest.raises(PartUnavailableError) as caught:
        preflight.check_kafka(settings, **options)
    assert caught.value.remedy
    assert PASSWORD not in str(caught.value)
    assert "guess" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_sink_loads_over_tls_after_a_login(
    secured: SecureBroker, warehouse_url: str, topic: str, mechanism: str
) -> None:
    settings = secured.settings(mechanism=mechanism, group=topic)
    ensure_topics(settings, log_days=7, prefix=f"{topic}.")
    preflight.check_kafka(settings, prefix=f"{topic}.")
    engine = connect(warehouse_url, role="ingest")
    stream = Stream(settings, f"{topic}.", warehouse_url, engine)
    history = town(seed=1, changes=100)
    stream.send(*history, b"not an event")
    totals = stream.drain()
    assert (totals.loaded, totals.rejected) == (len(history), 1)
    assert len(stream.letters()) == 1
    engine.dispose()


def test_tls_without_a_login_works(secured: SecureBroker) -> None:
    settings = secured.settings(mechanism=None, security_protocol="SSL", bootstrap_servers=f"127.0.0.1:{secured.tls}")  # type: ignore[arg-type]
    preflight.check_kafka(settings, making=True)
    assert topic_ids(settings, list(Topic)).keys() == set(Topic)


@pytest.mark.parametrize(
    ("servers", "step", "words"),
    [
        ("kafka.example.org", "address", "'kafka.example.org' is not host:port"),
        ("no-such-host.invalid:9093", "address", "the name no-such-host.invalid is not known"),
        ("127.0.0.1:1", "TCP", "127.0.0.1:1: connection refused"),
    ],
)
def test_an_address_where_nobody_answers_is_named(secured: SecureBroker, servers: str, step: str, words: str) -> None:
    said = refusal(secured.settings(bootstrap_servers=servers))
    assert f"Kafka cannot be reached, {step}: {words}" in said
    assert "SUARA_KAFKA__BOOTSTRAP_SERVERS" in said


@pytest.mark.parametrize("trusted", [None, "other"])
def test_a_certificate_that_nobody_we_trust_has_signed_is_named(secured: SecureBroker, trusted: str | None) -> None:
    said = refusal(secured.settings(ca_file=trusted and secured.other_ca_file))
    assert f"TLS: 127.0.0.1:{secured.login}: its certificate is not accepted" in said
    assert "Set SUARA_KAFKA__CA_FILE to the PEM file" in said


def test_a_certificate_for_another_host_is_named(secured: SecureBroker) -> None:
    said = refusal(secured.settings(bootstrap_servers=f"localhost:{secured.login}"))
    assert "TLS: localhost" in said
    assert "mismatch, certificate is not valid for 'localhost'" in said
    assert "as its certificate does" in said


def test_tls_on_a_port_that_speaks_none_is_named(secured: SecureBroker) -> None:
    said = refusal(secured.settings(bootstrap_servers=f"127.0.0.1:{secured.open}"))
    assert f"TLS: 127.0.0.1:{secured.open}: no TLS there" in said
    assert "Set SUARA_KAFKA__SECURITY_PROTOCOL to SASL_PLAINTEXT" in said


def test_no_tls_on_a_port_that_wants_it_is_named(secured: SecureBroker) -> None:
    said = refusal(KafkaSettings(bootstrap_servers=f"127.0.0.1:{secured.tls}"))
    assert f"login: 127.0.0.1:{secured.tls}: it speaks TLS, and PLAINTEXT does not" in said
    assert "SSL or SASL_SSL" in said


def test_something_else_that_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = Thread(target=answer)
        answering.start()
        found = obstacle(KafkaSettings(bootstrap_servers=f"127.0.0.1:{server.getsockname()[1]}"))
        answering.join()
    assert found is not None
    assert "what answers there is no Kafka broker" in found.message
    assert "Check the port" in found.remedy


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
@pytest.mark.parametrize("change", [{"password": SecretStr("guess")}, {"username": "nobody"}])
def test_a_wrong_login_is_named_without_the_password(
    secured: SecureBroker, mechanism: str, change: dict[str, Any]
) -> None:
    said = refusal(secured.settings(mechanism=mechanism, **change))
    assert f"it refuses the login of {change.get('username', OWNER)} by {mechanism}" in said
    assert "Check SUARA_KAFKA__USERNAME and SUARA_KAFKA__PASSWORD" in said


def test_a_way_to_log_in_that_the_broker_does_not_know_is_named_with_those_it_knows(secured: SecureBroker) -> None:
    said = refusal(secured.settings(mechanism="SCRAM-SHA-256"))
    assert "login: " in said
    assert "it does not know the login by SCRAM-SHA-256" in said
    assert "one that it offers: PLAIN, SCRAM-SHA-512" in said


def test_coming_without_a_login_or_with_one_where_none_is_wanted_is_named(secured: SecureBroker) -> None:
    without = secured.settings(mechanism=None, security_protocol="SSL")  # type: ignore[arg-type]
    assert "Set SUARA_KAFKA__SECURITY_PROTOCOL to SASL_SSL" in refusal(without)
    needless = secured.settings(bootstrap_servers=f"127.0.0.1:{secured.tls}")
    assert "Set SUARA_KAFKA__SECURITY_PROTOCOL to SSL" in refusal(needless)


def test_settings_that_contradict_each_other_are_named(secured: SecureBroker, tmp_path: Path) -> None:
    half = secured.settings(username=None, password=None)
    assert "settings: SASL_SSL needs SUARA_KAFKA__USERNAME, SUARA_KAFKA__PASSWORD" in refusal(half)
    assert "cannot be read" in refusal(secured.settings(ca_file=tmp_path / "none.pem"))
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    assert "holds no PEM certificate" in refusal(secured.settings(ca_file=empty))


def test_a_missing_topic_is_named(secured: SecureBroker) -> None:
    said = refusal(secured.settings(), prefix="nowhere.")
    assert "has no topic nowhere.community.posts.v1, " in said
    assert "`suara up` creates the topics" in said
    preflight.check_kafka(secured.settings(), prefix="nowhere.", making=True)


def test_what_a_user_may_not_do_is_named_with_the_command_that_grants_it(secured: SecureBroker) -> None:
    said = refusal(secured.settings(user=STRANGER))
    assert f"does not permit user {STRANGER}: READ on topic community.posts.v1;" in said
    assert "WRITE on topic community.posts.v1.dlq" in said
    assert "READ on group suara-sink" in said
    assert f"kafka-acls --add --allow-principal User:{STRANGER} --operation Read" in said


def test_a_user_who_may_read_runs_a_sink_and_makes_no_topics(secured: SecureBroker) -> None:
    reader = secured.settings(user=READER, group="readers")
    preflight.check_kafka(reader)
    said = refusal(reader, making=True)
    assert "WRITE, ALTER_CONFIGS on topic community.posts.v1;" in said
    assert "READ on group other; READ on group other-backfill" in refusal(secured.settings(user=READER, group="other"))


def test_a_sink_whose_user_loses_the_right_to_read_ends_with_the_reason(
    secured: SecureBroker, warehouse_url: str
) -> None:
    sink = Sink(secured.settings(user=READER, group="other"), warehouse_url, clock=SystemClock())
    with pytest.raises(DeniedError, match=r"does not let this user read on: .*Group") as caught:
        sink.run(Flag(), until_idle=True)
    assert "use-your-own-servers" in str(caught.value.remedy)


def test_a_login_that_fails_later_is_named_by_whatever_meets_it(
    secured: SecureBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.reach.CONNECT_SECONDS", 2.0)
    with pytest.raises(SuaraError, match="it refuses the login of suara by SCRAM-SHA-512") as caught:
        topic_ids(secured.settings(password=SecretStr("guess")), ["any"])
    assert "SUARA_KAFKA__PASSWORD" in str(caught.value.remedy)


IMPORT = ["import", "csv", "x.csv", "--source", "x", "--map", "author=author", "--map", "created_at=created_at"]


@pytest.mark.parametrize("command", [["sink", "--until-idle"], ["up"], [*IMPORT, "--map", "body=body"]])
def test_every_command_that_meets_the_broker_says_which_step_fails(
    secured: SecureBroker, warehouse_url: str, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "x.csv").write_text("id,author,created_at,body\n1,ana,2026-11-02T10:00:00Z,hello\n")
    done = suara(secured, warehouse_url, tmp_path, *command)
    assert done.returncode == 1, done.stdout
    assert "Kafka cannot be reached, login:" in done.stderr, done.stderr
    assert "Check SUARA_KAFKA__USERNAME" in done.stderr
    assert "guess" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_status_says_which_step_fails(secured: SecureBroker, warehouse_url: str, tmp_path: Path) -> None:
    done = suara(secured, warehouse_url, tmp_path, "status", "--json")
    states = {row["part"]: row["state"] for row in json.loads(done.stdout)}
    assert states["kafka"].startswith("fails: Kafka cannot be reached, login:")
    assert "Check SUARA_KAFKA__USERNAME" in states["kafka"]
    assert "guess" not in done.stdout


def suara(broker: SecureBroker, warehouse_url: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user whose password is wrong."""
    environment = {
        "SUARA_HOME": str(folder / "home"),
        "SUARA_WAREHOUSE__URL": warehouse_url,
        "SUARA_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{broker.login}",
        "SUARA_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "SUARA_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
        "SUARA_KAFKA__USERNAME": OWNER,
        "SUARA_KAFKA__PASSWORD": "guess",
        "SUARA_KAFKA__CA_FILE": str(broker.ca_file),
    }
    command = [sys.executable, "-m", "suara", *words]
    return subprocess.run(
        command, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True, check=False
    )


def test_partitions_that_a_user_may_not_raise_stay_as_they_are(secured: SecureBroker) -> None:
    said: list[str] = []
    assert raise_partitions(secured.settings(user=READER, partitions=5), say=said.append) == {}
    assert said[:-1] == [
        f"{topic} keeps its 2 partitions: Kafka does not let this user raise them to 5."
        for topic in (Topic.BACKFILL, Topic.POSTS)
    ]
    assert "--operation Alter" in said[-1]
    assert "SUARA_KAFKA__PARTITIONS=2" in said[-1]
