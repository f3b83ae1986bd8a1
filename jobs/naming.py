"""Names of themes: given when they are born, and renewed by the newest week when they are about other things.

A run never fails for want of a name, nor waits long for one: what no model names, in time and within the budget, is
named by its keywords.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobs.context import Context
from kernel.errors import PartUnavailableError, SettingsError, SuaraError
from kernel.log import logger
from nlp import namer, names
from nlp.endpoint import Endpoint
from nlp.shapes import Shape
from warehouse.namings import KEYWORDS, Namings, quotable, rename, renewable
from warehouse.registry import add_event

if TYPE_CHECKING:
    import httpx

# How long all questions of a run may take together, in seconds, and how long an answer may be, in bytes.
LONGEST = 120.0
_MOST_BYTES = 65536

_log = logger("jobs")


@dataclass(frozen=True)
class Given:
    """A theme's name, and who gave it: `KEYWORDS`, or a model by its name."""

    name: str
    namer: str


def name_born(
    connection: Connection, context: Context, born: Mapping[int, Shape], texts: Mapping[int, str]
) -> dict[int, Given]:
    """Return a name for each new theme; `texts` are posts as they are clustered, without the names of members."""
    given = {place: Given(names.name(shape.keywords), KEYWORDS) for place, shape in born.items()}
    if born and context.settings.namer.url:
        shown = quotable(connection, [post for shape in born.values() for post in shape.exemplars])
        given |= _asked(context, born, {post: texts[post] for post in shown})
    return given


def _asked(context: Context, born: Mapping[int, Shape], texts: Mapping[int, str]) -> dict[int, Given]:
    """Return the names that the model gives, asked for the largest themes first."""
    chosen = context.settings.namer
    largest = sorted(born, key=lambda place: (-born[place].size, place))
    found: dict[int, Given] = {}
    problems: Counter[str] = Counter()
    try:
        model = _Model(context)
        with model.endpoint.open() as client:
            for place in largest[: chosen.most_themes]:
                shape = born[place]
                posts = [texts[post] for post in shape.exemplars if post in texts]
                try:
                    found[place] = Given(model.name(client, shape.keywords, posts), model.called)
                except namer.UnusableError as error:
                    problems[f"{model.endpoint.who} {error}"] += 1
        if len(born) > chosen.most_themes:
            problems["SUARA_NAMER__MOST_THEMES is reached"] = len(born) - chosen.most_themes
    except SuaraError as error:
        problems[error.args[0]] += 1
    except Exception as error:  # whatever it is, a name is not worth a run
        problems[f"the model cannot be asked ({type(error).__name__})"] += 1
    if problems:
        left = len(born) - len(found)
        _log.warning("new themes are named by their keywords", themes=left, of=len(born), problems=dict(problems))
    return found


class _Model:
    """The model of the settings, which one run asks for names until its time is over."""

    def __init__(self, context: Context) -> None:
        chosen, table = context.settings.namer, context.community.community
        if not chosen.model:
            message = "SUARA_NAMER__URL needs SUARA_NAMER__MODEL"
            raise SettingsError(message, remedy="Set it to the model, as the endpoint calls it.")
        self.called = chosen.model
        self.endpoint = Endpoint(chosen, "chat/completions", group="SUARA_NAMER")
        self._request = {"model": chosen.model, "max_tokens": chosen.max_tokens, "temperature": 0}
        self._language, self._products = table.report_language, table.products
        self._clock, self._seconds = context.clock, chosen.timeout_seconds
        self._end = context.clock.monotonic() + LONGEST

    def name(self, client: httpx.Client, keywords: Sequence[str], posts: Sequence[str]) -> str:
        """Return a theme's name. Raises `UnusableError` where the answer is none, else what `Endpoint.post` raises."""
        now = self._clock.monotonic()
        if now >= self._end:
            message = f"{self.endpoint.who} takes longer than {LONGEST:g} s for all names"
            raise PartUnavailableError(message)
        end = min(self._end, now + self._seconds)
        body = self.endpoint.post(
            client,
            {**self._request, "messages": namer.question(keywords, posts, language=self._language)},
            seconds=end - now,
            enough=lambda size: size > _MOST_BYTES or self._clock.monotonic() > end,
        )
        return namer.answer(body, keywords, posts, products=self._products)


def renew(connection: Connection, monday: date, words: Mapping[int, Sequence[str]], namings: Namings) -> None:
    """Name themes anew that are about other things now; `words` are the phrases of the posts that each remembers."""
    for theme_id, old in renewable(connection).items():
        last, now = namings.last.get(theme_id), words.get(theme_id)
        if last is None or not now or not names.is_outdated(old, last.keywords, now):
            continue
        new = names.name(now)
        if rename(connection, theme_id, old=old, new=new):
            detail = {
                "from": old, "to": new, "reason": "its keywords are others", "namer": KEYWORDS, "keywords": list(now),
                "before": list(last.keywords), "likeness": round(names.likeness(last.keywords, now), 2),
            }  # fmt: skip
            add_event(connection, theme_id, "renamed", actor="weekly run", week=monday, detail=detail)
