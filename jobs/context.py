"""What every job starts from: settings, the community's own file, and engines on the warehouse."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kernel.clock import Clock, SystemClock
from kernel.community import CommunityFile
from kernel.errors import SettingsError
from kernel.settings import EncoderSettings, Settings, read_settings
from nlp import heads
from nlp.annotate import STEPS
from nlp.encoder import Encoder, load_encoder, name_of
from warehouse.engine import connect


@dataclass(frozen=True)
class Context:
    """Settings read once for a job; `url` is the warehouse's address."""

    settings: Settings
    community: CommunityFile
    url: str
    clock: Clock

    @property
    def zone(self) -> ZoneInfo:
        """The community's time zone."""
        return self.community.zone

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that are analysed."""
        return self.community.community.languages

    @property
    def encoder(self) -> Encoder:
        """The encoder of the settings, loaded when it is first used."""
        return _encoder(self.settings.encoder)

    @property
    def encoder_name(self) -> str:
        """The encoder's name, for which it need not be loaded."""
        return name_of(self.settings.encoder)

    @property
    def steps(self) -> str:
        """Versions of everything that shapes an annotation: the steps, the models and the settings they take."""
        table = self.community.community
        models = f"{self.encoder_name}/{heads.made_with()}/{heads.learned()}"
        chosen = f"{models}/{self.settings.encoder.max_chars}/{table.languages}/"
        chosen += str(sorted(table.language_neighbours.items()))
        chosen += str(sorted(table.products)) if table.products else ""
        return f"{STEPS}+{hashlib.sha256(chosen.encode()).hexdigest()[:8]}"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one transaction as the pipeline's role."""
        with connect(self.url, role="pipeline").begin() as connection:
            yield connection


def open_context() -> Context:
    """Read the settings of this process. Raises `SettingsError` where no warehouse is named."""
    settings = read_settings()
    if settings.warehouse.url is None:
        message = "no warehouse is running and SUARA_WAREHOUSE__URL is not set"
        raise SettingsError(message, remedy="Start the embedded one with: suara up")
    return Context(settings, settings.community, settings.warehouse.url.get_secret_value(), SystemClock())


@lru_cache(maxsize=1)
def _encoder(chosen: EncoderSettings) -> Encoder:
    """Return the encoder, loaded once a process."""
    return load_encoder(chosen)


def code_version() -> str:
    """Return the version of Suara that is running."""
    return importlib.metadata.version("suara")
