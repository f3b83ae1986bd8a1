"""A broker that wants a certificate of its clients: a good one loads, and what is wrong with another is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from kernel.settings import KafkaSettings, read_settings
from streams.topics import ensure_topics
from suara.local import preflight
from suara.local.stack import Addresses
from tests.fixtures.secure_broker import PASSWORD, SecureBroker
from tests.streams.conftest import Stream
from tests.streams.histories import town
from tests.suara.local.test_secure_broker import refusal
from warehouse.engine import connect

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning")


def test_a_sink_loads_with_a_certificate_of_its_own(
    secure_broker: SecureBroker, warehouse_url: str, topic: str
) -> None:
    settings = secure_broker.mutually(group=topic)
    ensure_topics(settings, log_days=7, prefix=f"{topic}.")
    preflight.check_kafka(settings, prefix=f"{topic}.")
    stream = Stream(settings, f"{topic}.", warehouse_url, connect(warehouse_url, role="ingest"))
    history = town(seed=1, changes=30)
    stream.send(*history, b"not an event")
    totals = stream.drain()
    assert (totals.loaded, totals.rejected) == (len(history), 1)


def test_none_is_named(secure_broker: SecureBroker) -> None:
    said = refusal(secure_broker.mutually(None))
    assert f"TLS: 127.0.0.1:{secure_broker.mutual}: the broker ends the talk" in said
    assert "it wants a certificate" in said
    assert "Set SUARA_KAFKA__CERT_FILE and SUARA_KAFKA__KEY_FILE" in said


def test_one_of_another_authority_is_named(secure_broker: SecureBroker) -> None:
    said = refusal(secure_broker.mutually("other-client"))
    assert f"TLS: 127.0.0.1:{secure_broker.mutual}: the broker does not accept the certificate in " in said
    assert "other-client.pem" in said
    assert "an authority which the broker trusts" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key_password": None}, "SUARA_KAFKA__KEY_PASSWORD must open the key"),
        ({"key_password": SecretStr("guess")}, "SUARA_KAFKA__KEY_PASSWORD must open the key"),
        ({"key_file": None}, "cannot be used"),
        ({"key_file": "other-client.key"}, "belong together"),
        ({"key_file": "none.key"}, "SUARA_KAFKA__KEY_FILE, "),
        ({"cert_file": "none.pem"}, "cannot be read: no such file"),
        ({"cert_file": None}, "SUARA_KAFKA__KEY_FILE needs SUARA_KAFKA__CERT_FILE"),
        ({"security_protocol": "PLAINTEXT"}, "and PLAINTEXT shows no certificate"),
    ],
)
def test_what_cannot_be_shown_is_named(secure_broker: SecureBroker, changes: dict[str, Any], words: str) -> None:
    folder = secure_broker.ca_file.parent
    given = {name: folder / value if name.endswith("_file") and value else value for name, value in changes.items()}
    said = refusal(secure_broker.mutually(**given))
    assert "Kafka cannot be reached, settings: " in said
    assert words in said


def test_settings_reach_child_processes_and_the_password_may_stand_in_a_file(
    secure_broker: SecureBroker, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text(PASSWORD)
    passed = Addresses(secure_broker.mutually(), "postgresql://x").environment()
    del passed["SUARA_KAFKA__KEY_PASSWORD"]
    found: KafkaSettings = read_settings(passed | {"SUARA_KAFKA__KEY_PASSWORD_FILE": str(tmp_path / "word")}).kafka
    assert found == secure_broker.mutually()
