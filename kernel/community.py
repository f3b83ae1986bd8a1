"""`suara.toml`: what a person writes down about their community. Secrets and addresses do not belong here.

Every key is checked. A wrong one is an error that names the file, the line, the key and the nearest valid key.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kernel.errors import SettingsError
from kernel.model import SourceKind

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


def _not_the_whole(name: str) -> str:
    if name == "community":
        message = "'community' names the report of the whole; call the area something else"
        raise ValueError(message)
    return name


AreaName = Annotated[Name, AfterValidator(_not_the_whole)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CommunityTable(_Table):
    """`[community]`: who this is about, and in which zone and languages."""

    name: str = Field("Our community", description="The name printed on reports.")
    products: tuple[str, ...] = Field(
        (), description="Names of what you offer: who greets or thanks these names no person, and they stay unmasked."
    )
    timezone: str = Field("UTC", description="IANA zone in which days and weeks begin.")
    languages: tuple[Literal["en", "id"], ...] = Field(
        ("en", "id"), min_length=1, description="Languages that are analysed; others are counted."
    )
    report_language: Literal["en", "id"] = Field("en", description="Language of the reports: en or id.")
    language_neighbours: dict[str, str] = Field(
        {"ms": "id", "jv": "id", "su": "id"},
        description="Near twins read as a configured language when the detector is unsure.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in _zones():
            message = f"'{zone}' is not a known time zone; write one such as Asia/Jakarta"
            raise ValueError(message)
        return zone


@cache
def _zones() -> frozenset[str]:
    """Return the names of all zones; looking for them walks through hundreds of files."""
    return frozenset(available_timezones())


class SourceTable(_Table):
    """`[sources.NAME]`: one place where people talk."""

    kind: SourceKind = Field("other", description="forum, chat, reviews, tracker, mail or other.")
    url: str | None = Field(None, description="Where a person can look at it.")
    staff: tuple[str, ...] = Field((), description="Account ids of the organisation's own people.")
    bots: tuple[str, ...] = Field((), description="Account ids of programs.")


class AreaTable(_Table):
    """`[areas.NAME]`: a part of the product with a team and an owner; it gets a report of its own."""

    title: str | None = Field(None, description="The name printed on reports; the key when left out.")
    team: str = Field(..., description="The team that reads the report.")
    owner: str | None = Field(None, description="Who answers for the area.")
    keywords: tuple[str, ...] = Field((), description="Words, in any language, that place a theme in this area.")
    deliver_to: tuple[str, ...] = Field(
        (), description="E-mail addresses, or `webhook` for the one that SUARA_DELIVERY__WEBHOOK_URL sets."
    )


class ResponseTable(_Table):
    """`[response]`: what counts as an answer in time."""

    sla_hours: int = Field(24, ge=1, le=24 * 28, description="Hours within which a thread should have an answer.")
    within_hours: tuple[Annotated[int, Field(ge=1, le=24 * 28)], ...] = Field(
        (1, 24, 72, 168), min_length=1, description="The marks at which answers are counted."
    )


class ThemesTable(_Table):
    """`[themes]`: how fine themes are, and when one is born."""

    granularity: float = Field(2.0, gt=0, le=16, description="Leiden resolution; higher makes more, finer themes.")
    min_people: int = Field(
        3,
        ge=1,
        description="People needed before a theme is shown or born, three times as many for one of a single thread.",
    )
    seed: int = Field(42, ge=0, description="Seed of the clustering.")


class ValueTable(_Table):
    """`[values.NAME]`: a value that the organisation wrote down."""

    statement: str = Field(..., description="The value in one sentence.")


class RetentionTable(_Table):
    """`[retention]`: how long things are kept, in days."""

    log_days: int = Field(7, ge=1, description="Days that Kafka keeps events.")
    raw_days: int = Field(730, ge=30, description="Days that the archive of events is kept.")
    dead_letter_days: int = Field(30, ge=1, description="Days that replayed and discarded dead letters keep words.")
    open_dead_letter_days: int = Field(90, ge=1, description="Days that open dead letters keep words; then discarded.")

    @model_validator(mode="after")
    def _open_ones_longer(self) -> RetentionTable:
        if self.open_dead_letter_days < self.dead_letter_days:
            message = "open_dead_letter_days is less than dead_letter_days; nobody could decide in time"
            raise ValueError(message)
        return self


class CommunityFile(_Table):
    """The whole of `suara.toml`; every table has working defaults."""

    community: CommunityTable = CommunityTable()
    sources: dict[Name, SourceTable] = {}
    areas: dict[AreaName, AreaTable] = {}
    response: ResponseTable = ResponseTable()
    themes: ThemesTable = ThemesTable()
    values: dict[Name, ValueTable] = {}
    retention: RetentionTable = RetentionTable()

    @property
    def zone(self) -> ZoneInfo:
        """The community's time zone."""
        return ZoneInfo(self.community.timezone)


def read_community(path: Path) -> CommunityFile:
    """Read and check `suara.toml`; a missing file means the defaults. Raises `SettingsError`."""
    if not path.exists():
        return CommunityFile()
    try:
        text = path.read_text("utf-8")
        return CommunityFile.model_validate(tomllib.loads(text))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise SettingsError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 (byte {error.start})"
        raise SettingsError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path} is not valid TOML: {error}"
        raise SettingsError(message) from error
    except ValidationError as error:
        message = _explain(path, text, error)
        raise SettingsError(message) from error


def _explain(path: Path, text: str, error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        where = [str(part) for part in problem["loc"] if part != "[key]"]
        place = f"{path}:{_line_of(text, where)}"
        if problem["type"] == "extra_forbidden":
            hint = _nearest(where)
            lines.append(f"{place}: unknown key '{'.'.join(where)}'{hint}")
        else:
            reason = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{place}: '{'.'.join(where)}': {reason}")
    return "\n".join(lines)


def _line_of(text: str, where: list[str]) -> int:
    """Find the line of a key, walking through the file once; tomllib keeps no positions."""
    table: list[str] = []
    best = 1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if header:
            table = [part.strip().strip("\"'") for part in header.group(1).split(".")]
            full = table
        elif key:
            full = table + [part.strip("\"'") for part in key.group(1).split(".")]
        else:
            continue
        if full == where[: len(full)]:
            best = number
            if full == where:
                return number
    return best


def _nearest(where: list[str]) -> str:
    valid = _valid_keys(where[:-1])
    close = difflib.get_close_matches(where[-1], valid, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; valid here: {', '.join(sorted(valid))}" if valid else ""


def _valid_keys(where: list[str]) -> list[str]:
    model: Any = CommunityFile
    path = list(where)
    while path:
        field = model.model_fields.get(path.pop(0))
        if field is None:
            return []
        model = field.annotation
        if get_origin(model) is dict and path:
            path.pop(0)
            model = get_args(model)[1]
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)
