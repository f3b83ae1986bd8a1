"""Servers that settings name: the message names the step that fails."""

from __future__ import annotations

import gc
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import streams.reach
from kernel.errors import PartUnavailableError, SettingsError
from kernel.settings import KafkaSettings, Settings, read_settings
from suara.local import guardian, preflight, processes
from suara.local import kafka as broker


def test_servers_that_answer_pass(kafka: str, postgres_url: str) -> None:
    preflight.check_kafka(KafkaSettings(bootstrap_servers=kafka), making=True)
    preflight.check_kafka(KafkaSettings(bootstrap_servers=f"127.0.0.1:9,{kafka}"), making=True)
    preflight.check_warehouse(postgres_url)
    preflight.check_warehouse(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    preflight.check_warehouse(f"{postgres_url}?connect_timeout=3")
    login, _, place = postgres_url.rpartition("@")
    preflight.check_warehouse(f"{login}@127.0.0.1:9,{place}")


def test_hosts_and_ports_that_do_not_fit_are_named() -> None:
    with pytest.raises(SettingsError, match="hosts a,b,c with the ports 1,2"):
        preflight.check_warehouse("postgresql://u:p@/db?host=a,b,c&port=1,2")


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"password": "guess"}, "password authentication failed"),
        ({"database": "nothing"}, 'database "nothing" does not exist'),
        ({"user": "nobody"}, 'password authentication failed for user "nobody"'),
    ],
)
def test_a_login_that_the_warehouse_refuses_is_told_without_the_password(
    postgres_url: str, change: dict[str, str], step: str
) -> None:
    scheme, _, rest = postgres_url.partition("://")
    login, _, place = rest.partition("@")
    user, _, password = login.partition(":")
    server, _, database = place.partition("/")
    parts = {"user": user, "password": password, "database": database} | change
    url = f"{scheme}://{parts['user']}:{parts['password']}@{server}/{parts['database']}"
    with pytest.raises(PartUnavailableError) as caught:
        preflight.check_warehouse(url)
    assert step in str(caught.value)
    assert server in str(caught.value)
    assert parts["password"] not in str(caught.value)


def test_tls_where_none_is_spoken_is_named(kafka: str) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka, security_protocol="SSL")
    with pytest.raises(PartUnavailableError, match="no TLS there"):
        preflight.check_kafka(settings)


@pytest.fixture(scope="module")
def guarded_broker(server_home: Settings) -> Iterator[KafkaSettings]:
    """A broker as `suara up` starts it: it wants a login."""
    home = Path(f"{server_home.home}-login")
    mirror = {name: value for name, value in os.environ.items() if name.startswith("SUARA_LOCAL__")}
    settings = read_settings({**mirror, "SUARA_HOME": str(home)})
    with guardian.guarded(home) as owner:
        with processes.locked(home):
            record = broker.start(home, settings.local, owner=owner, say=print)
            broker.wait(home, record)
        yield broker.settings_of(home, settings.kafka)
    shutil.rmtree(home)


def test_a_login_that_the_broker_refuses_is_named(guarded_broker: KafkaSettings) -> None:
    preflight.check_kafka(guarded_broker, making=True)
    said = refusal(guarded_broker.model_copy(update={"password": SecretStr("guess")}))
    assert f"it refuses the login of {broker.USER} by PLAIN" in said
    assert "guess" not in said


def test_nobody_enters_the_broker_without_a_login(guarded_broker: KafkaSettings) -> None:
    said = refusal(KafkaSettings(bootstrap_servers=guarded_broker.bootstrap_servers))
    assert "hangs up on who comes without a login (PLAINTEXT)" in said
    assert "SUARA_KAFKA__SECURITY_PROTOCOL to SASL_PLAINTEXT" in said


def refusal(settings: KafkaSettings) -> str:
    """Return the message of a refused check. The client leaves sockets to the collector when it is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            preflight.check_kafka(settings)
        except PartUnavailableError as error:
            return str(error)
        finally:
            gc.collect()
    return ""


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.reach, "CONNECT_SECONDS", 2.0)
