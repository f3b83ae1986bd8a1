"""From a document to its pages: pure, so that the same document gives the same bytes.

HTML that needs no script and nothing from elsewhere, Markdown, JSON, and a short text for chat and e-mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from kernel.model import Fact
from reports import charts, queries
from reports.document import Document, encode
from reports.numbers import UNKNOWN, numbers
from reports.view import LATE_HOURS, View, view
from reports.voice import Html, Plain, Voice

SHORT_LONGEST = 1200
TITLE_LONGEST = 110


def html(document: Document) -> str:
    """Return the whole page, self-contained."""
    lists = view(document)
    voice = Voice(numbers(document.meta.language), Html(), lists.facts)
    return environment().get_template("page.html.j2").render(
        **_common(lists, voice),
        title=_title(document),
        style=style(),
        bar=charts.bar,
        spark_of=lambda fact: _spark(fact, voice),
        mix=lambda facts: _mix(facts, voice),
        curve=_curve(lists, voice),
        queries=[(name, queries.load(name)) for name in sorted({fact.query for fact in lists.table})],
    )  # fmt: skip


def markdown(document: Document) -> str:
    """Return the same report as Markdown, for a tracker or a forum."""
    lists = view(document)
    voice = Voice(numbers(document.meta.language), Plain(), lists.facts)
    return environment().get_template("page.md.j2").render(**_common(lists, voice))


def facts_json(document: Document) -> bytes:
    """Return the document itself: everything that the pages are made from."""
    return encode(document)


def subject(document: Document) -> str:
    """Return one line for the head of an e-mail."""
    words = numbers(document.meta.language)
    area = document.meta.title_of(document.meta.area) if not document.meta.is_community else document.meta.community
    return words.words["short.subject"].format(area=area, week=words.week(document.meta.week))


def short_text(document: Document) -> str:
    """Return what changed and the top themes in at most 1,200 characters, for chat and e-mail; whole lines only."""
    lists = view(document)
    voice = Voice(numbers(document.meta.language), Plain(), lists.facts)
    text = environment().get_template("short.md.j2").render(**_common(lists, voice))
    kept: list[str] = []
    for line in text.strip().splitlines():
        if sum(len(one) + 1 for one in kept) + len(line) > SHORT_LONGEST:
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def web(url: str | None) -> bool:
    """Tell whether an address may be linked: only the web's own schemes."""
    return url is not None and url.startswith(("https://", "http://"))


def short(words: str) -> str:
    """Return words cut at a word's end to fit a line of a table."""
    line = " ".join(words.split())
    return line if len(line) <= TITLE_LONGEST else line[:TITLE_LONGEST].rsplit(" ", 1)[0] + " …"


def _common(lists: View, voice: Voice) -> dict[str, Any]:
    meta = lists.document.meta
    return {
        "view": lists,
        "meta": meta,
        "area": next((area for area in meta.areas if area.key == meta.area), None),
        "v": voice,
        "f": voice.fact,
        "late_hours": LATE_HOURS,
        "most_people": max((theme.facts["people"].value or 0 for theme in lists.top), default=0) or 1,
        "languages": voice.medium.phrase(", ").join(_language(language, voice) for language in meta.languages),
        "name_of": lambda kind, name: _language(name, voice) if kind == "language" else voice.verbatim(name),
    }


def style() -> Markup:
    """Return the style sheet of all pages."""
    return Markup(resources.files("reports").joinpath("templates/style.css").read_text("utf-8"))  # noqa: S704 - our own


@cache
def environment() -> Environment:
    """Return the templates, strict about names; HTML ones escape what they are given."""
    environment = Environment(
        loader=PackageLoader("reports", "templates"), undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(web=web, short=short)
    return environment


def _title(document: Document) -> str:
    return f"{subject(document)} · {document.meta.community}"


def _language(code: str, voice: Voice) -> str:
    return voice.say(f"language.{code}") if f"language.{code}" in voice.numbers.words else voice.verbatim(code)


def _spark(fact: Fact, voice: Voice) -> Markup:
    values = [UNKNOWN if point is None else voice.numbers.of_fact(fact, point) for point in fact.series]
    return charts.spark(fact.series, label=voice.numbers.words["themes.spark_label"].format(values=", ".join(values)))


def _mix(facts: Sequence[tuple[str, Fact]], voice: Voice) -> Markup:
    label = ", ".join(f"{name} {voice.numbers.of_fact(fact, fact.value)}" for name, fact in facts)
    return charts.mix([fact.value or 0.0 for _, fact in facts], label=label)


def _curve(lists: View, voice: Voice) -> Markup:
    names = ("response.still_waiting", "response.still_waiting_low", "response.still_waiting_high")
    share, low, high = (lists.facts[name] for name in names)
    hours = [float(label) for label in share.series_labels]
    words = voice.numbers.words
    marks = [hour for hour in lists.document.meta.within_hours if hour <= max(hours)]
    points = [
        words["response.curve_point"].format(
            hours=hour, share=voice.numbers.of_fact(share, share.series[hours.index(hour)])
        )
        for hour in marks
        if hour in hours
    ]
    return charts.waiting_curve(
        hours, share.series, low.series, high.series,
        marks=[(hour, words["unit.hours"].format(n=hour)) for hour in marks],
        levels=[(level, voice.numbers.percent(level)) for level in (0.0, 0.5, 1.0)],
        label=words["response.curve_label"].format(points=", ".join(points)),
    )  # fmt: skip
