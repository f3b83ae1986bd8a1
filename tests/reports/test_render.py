"""The pages: golden, honest about every digit, complete in both languages, whole in themselves."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from kernel.model import Fact
from reports import document, phrases, render
from reports.document import Document
from reports.numbers import numbers
from reports.view import view
from reports.voice import kind_of, part_of, shown
from tests.reports import answers, frozen
from tests.reports.page import Page

GOLDEN = Path(__file__).parent / "golden"


def stored(name: str) -> Document:
    return document.decode((GOLDEN / f"{name}.json").read_bytes())


def variant(name: str, language: str) -> Document:
    found = stored(name)
    return msgspec.structs.replace(found, meta=msgspec.structs.replace(found.meta, language=language))


EVERY = [(name, language) for name in ("community", "sync", "empty") for language in phrases.LANGUAGES]


def expect(name: str, content: bytes) -> None:
    """Compare with a committed file. Delete the file to have it written again, then read the difference."""
    path = GOLDEN / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        pytest.fail(f"{name} was not there; it is now: read it and commit it")
    assert path.read_bytes() == content


@pytest.mark.parametrize(("name", "area"), [("community", None), ("sync", "sync"), ("empty", None)])
def test_frozen_rows_give_the_golden_facts(connection, name, area):
    rows = frozen.Frozen() if name == "empty" else frozen.make()
    key = frozen.write(connection, rows)
    about = {"data_through": None, "continuity": None, "stability": None} if name == "empty" else {}
    made = answers.document(connection, key, rows, area=area, **about)
    if not (GOLDEN / f"{name}.json").exists():
        expect(f"{name}.json", render.facts_json(made))
    golden = stored(name)
    assert (made.meta, made.quotes, made.themes, made.waiting) == (
        golden.meta,
        golden.quotes,
        golden.themes,
        golden.waiting,
    )
    assert [fact.id for fact in made.facts] == [fact.id for fact in golden.facts]
    for fact, before in zip(made.facts, golden.facts, strict=True):
        assert rounded(fact) == rounded(before)


def rounded(fact: Fact) -> object:
    """Machines differ in the last digits of a float."""
    return msgspec.json.decode(re.sub(rb"\d+\.\d+", lambda n: b"%.9g" % float(n[0]), msgspec.json.encode(fact)))


@pytest.mark.parametrize(("name", "language"), [("community", "en"), ("sync", "id")])
def test_pages_are_golden_to_the_byte(name, language):
    made = variant(name, language)
    expect(f"{name}.{language}.html", render.html(made).encode())
    expect(f"{name}.{language}.md", render.markdown(made).encode())
    expect(f"{name}.{language}.txt", render.short_text(made).encode())


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_same_document_gives_the_same_bytes(name, language):
    made = variant(name, language)
    again = document.decode(render.facts_json(made))
    assert again == made
    assert render.facts_json(again) == render.facts_json(made)
    assert render.html(again) == render.html(made)
    assert render.markdown(again) == render.markdown(made)


@pytest.mark.parametrize("language", phrases.LANGUAGES)
def test_copies_of_two_proposals_are_told_apart_at_the_top(language):
    made = variant("community", language)
    again = msgspec.structs.replace(made.meta, report_id=13, proposed_at=made.meta.proposed_at + timedelta(hours=1))
    for page in (render.html, render.markdown):
        tops = [page(one).partition("<main>" if page is render.html else "\n- ")[0] for one in (
            made, msgspec.structs.replace(made, meta=again)
        )]  # fmt: skip
        assert tops[0] != tops[1]
        for top, number, hour in zip(tops, ("12", "13"), ("03:05", "04:05"), strict=True):
            assert number in top
            assert hour in top.replace("03.05", "03:05").replace("04.05", "04:05")


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_digit_is_a_fact_a_date_or_a_setting(name, language):
    made = variant(name, language)
    page = Page(render.html(made))
    assert page.stray == []
    facts = {fact.id: fact for fact in made.facts}
    words = numbers(language)
    assert page.figures
    for figure in page.figures:
        fact = facts[figure.fact]
        assert float(figure.value) == pytest.approx(part_of(fact, figure.part))
        assert figure.shown == shown(words, fact, figure.part)


def test_a_digit_that_is_not_a_fact_is_found_out():
    page = render.html(stored("community")).replace("</main>", "<p>About 7 people</p></main>")
    assert Page(page).stray == ["About 7 people"]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_number_links_to_its_line(name, language):
    made = variant(name, language)
    page = Page(render.html(made))
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    inner = {address[1:] for address in page.all("href") if address.startswith("#")}
    assert inner <= set(ids)
    assert {fact.id for fact in made.facts if fact.unit != "text"} <= set(ids)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(name, language):
    text = render.html(variant(name, language))
    page = Page(text)
    assert page.broken == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not page.all("src")
    assert not re.search(r"@import|url\(|expression\(", text)
    assert not [name for _, marks in page.tags for name in marks if name.startswith("on")]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_page_can_be_read_aloud(name, language):
    page = Page(render.html(variant(name, language)))
    assert page.tags[0] == ("html", {"lang": language})
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.count("table") == tags.count("caption")
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    pictures = [marks for tag, marks in page.tags if tag == "svg"]
    assert all(marks.get("aria-hidden") == "true" or marks.get("aria-label") for marks in pictures)
    assert all(marks.get("scope") for tag, marks in page.tags if tag == "th")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart(scheme):
    sheet = str(render.style())
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", blocks[0 if scheme == "light" else 1]))
    for ink in ("ink", "quiet", "accent", "good", "bad", "warn"):
        for ground in ("paper", "wash"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def contrast(first: str, second: str) -> float:
    """The ratio of WCAG 2."""
    lights = []
    for colour in (first, second):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_the_short_text_fits_a_message(name, language):
    text = render.short_text(variant(name, language))
    assert len(text) <= render.SHORT_LONGEST
    assert text.strip()


def test_the_short_text_of_long_names_is_cut_at_a_line():
    made = stored("community")
    long = tuple(msgspec.structs.replace(theme, name="a very long name " * 25) for theme in made.themes)
    text = render.short_text(msgspec.structs.replace(made, themes=long))
    assert len(text) <= render.SHORT_LONGEST
    assert set(text.splitlines()) <= set(render.short_text(msgspec.structs.replace(made, themes=long)).splitlines())


def test_what_members_wrote_stays_words():
    made = stored("community")
    attack = '<script>alert(1)</script> [x](javascript:alert(1)) | "quoted" `code`'
    quotes = tuple(msgspec.structs.replace(quote, text=attack, url="javascript:alert(1)") for quote in made.quotes)
    themes = tuple(msgspec.structs.replace(theme, name=attack, keywords=(attack,)) for theme in made.themes)
    waiting = tuple(msgspec.structs.replace(one, title=attack, url="javascript:alert(1)") for one in made.waiting)
    attacked = msgspec.structs.replace(made, quotes=quotes, themes=themes, waiting=waiting)
    page = Page(render.html(attacked))
    assert page.broken == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [address for address in page.all("href") if "javascript" in address]
    plain = render.markdown(attacked)
    assert "<script>" not in plain.replace("\\<script\\>", "")
    assert "](javascript" not in plain.replace("\\](javascript", "")


def test_the_empty_report_is_honest():
    for language in phrases.LANGUAGES:
        made = variant("empty", language)
        words = " ".join(Page(render.html(made)).words)
        assert phrases.load(language)["page.empty"] in words
        assert phrases.load(language)["themes.none"] in words
        assert phrases.load(language)["page.empty"] in render.markdown(made)


def test_a_week_that_fell_silent_is_a_change():
    made, about = stored("empty"), {"voice.people": {"previous": 121.0}, "report.tests": {"total": 2}}
    about["report.history_weeks"] = {"value": 9.0}
    facts = tuple(msgspec.structs.replace(fact, **about.get(fact.id, {})) for fact in made.facts)
    fell = msgspec.structs.replace(made, facts=facts)
    for text in (render.markdown(fell), render.short_text(fell)):
        assert "none in this week, 121 in the last" in text
        assert "significantly" not in text
    assert "none in this week" in render.html(fell)
    assert not re.search(r": *$", render.markdown(fell), re.MULTILINE)


def test_unknown_is_never_written_as_zero():
    made = stored("empty")
    unknown = [fact for fact in made.facts if fact.unit != "text" and fact.value is None]
    assert {"trust.in_no_theme", "response.median_hours", "pulse.new", "pulse.reactivated"} <= {f.id for f in unknown}
    told = {(figure.fact, figure.part) for figure in Page(render.html(made)).figures}
    assert not told & {(fact.id, "value") for fact in unknown}


def test_an_area_report_has_no_pulse_and_names_its_team():
    page = Page(render.html(stored("sync")))
    assert "pulse" not in page.all("id")
    assert {"Team Tides", "R. Wulan", "Sync and stock"} <= {word.strip() for word in page.words}


def test_a_theme_that_fell_silent_is_named_without_a_search_for_its_words():
    made = stored("community")
    gone = {"theme.3.people", "theme.3.posts", "theme.3.sources"}
    facts = tuple(msgspec.structs.replace(fact, value=0.0) if fact.id in gone else fact for fact in made.facts)
    facts = tuple(msgspec.structs.replace(fact, value=None) if fact.id == "theme.3.rank" else fact for fact in facts)
    page = render.html(
        msgspec.structs.replace(made, facts=facts, quotes=tuple(q for q in made.quotes if q.theme_id != 3))
    )
    told = page[page.index('id="theme-3"') :]
    assert phrases.load("en")["evidence.no_quote"] not in told
    assert phrases.load("en")["themes.others"] in page


def test_themes_of_too_few_people_are_left_out_and_said_to_be():
    made = stored("community")
    changed = {"theme.6.people": {"value": 2.0}, "report.small_themes": {"value": 1.0, "n": 1}}
    facts = tuple(msgspec.structs.replace(fact, **changed.get(fact.id, {})) for fact in made.facts)
    less = msgspec.structs.replace(made, facts=facts)
    assert 6 not in {theme.theme.theme_id for theme in view(less).top}
    assert "fewer than 3 people wrote: 1 of 6 themes" in render.markdown(less)
    assert "fewer than" in render.html(less)
    assert "fewer than" not in render.html(made) + render.markdown(made)


def test_waiting_threads_are_counted_as_those_that_remain_and_a_gap_has_its_reason():
    made = stored("community")
    hidden = tuple(msgspec.structs.replace(one, title=None) for one in made.waiting)
    text = render.markdown(msgspec.structs.replace(made, waiting=hidden))
    asking = next(fact for fact in made.facts if fact.id == "response.waiting_asking")
    assert f"not opened with praise or chat: {asking.n}/{asking.total}." in text
    assert text.count("(not shown: ") == len(hidden)


@pytest.mark.parametrize("name", ["change", "status"])
def test_a_first_week_is_called_so(name):
    made = stored("community")
    first = tuple(
        msgspec.structs.replace(fact, note="first", value=None, interval=None) if fact.id == f"theme.2.{name}" else fact
        for fact in made.facts
    )
    told = msgspec.structs.replace(made, facts=first)
    for page in (render.html, render.markdown):
        assert page(told).lower().count("first week") > page(made).lower().count("first week")


def test_a_longer_time_with_a_lower_share_is_explained_beside_the_table():
    made = stored("community")
    assert phrases.load("en")["response.within_caption"] in render.html(made)
    assert phrases.load("en")["response.within_caption"] in render.markdown(made)


def test_new_themes_are_said_to_be_untested():
    made = stored("community")
    old = tuple(fact for fact in made.facts if fact.note != "new" or not fact.id.startswith("change."))
    untested = phrases.load("en")["changes.untested"]
    for page in (render.html, render.markdown):
        assert untested in page(made)
        assert untested not in page(msgspec.structs.replace(made, facts=old))


def test_continuity_is_defined():
    for page in (render.html, render.markdown):
        assert phrases.load("en")["definitions.continuity"] in page(stored("community"))


def test_a_title_and_its_text_do_not_run_together():
    made = stored("community")
    told = tuple(msgspec.structs.replace(quote, text="How to export\n\nA monthly mail") for quote in made.quotes)
    told = msgspec.structs.replace(made, quotes=told)
    assert "> How to export — A monthly mail\n" in render.markdown(told)
    assert "How to export\n\nA monthly mail" in render.html(told)
    assert re.search(r"blockquote p \{[^}]*white-space: pre-line", str(render.style()))


def test_an_arrow_stands_only_where_a_test_was_significant():
    made = stored("community")
    arrows = sum("arrow" in (marks.get("class") or "") for _, marks in Page(render.html(made)).tags)
    assert arrows > 0
    calm = tuple(msgspec.structs.replace(fact, significant=False) for fact in made.facts)
    page = Page(render.html(msgspec.structs.replace(made, facts=calm)))
    assert not [marks for _, marks in page.tags if "arrow" in (marks.get("class") or "")]


def test_english_labels_are_those_of_the_facts():
    words = phrases.load("en")
    for name in ("community", "sync"):
        for fact in stored(name).facts:
            if fact.unit == "text":
                continue
            hours = re.search(r"_(\d+)h$", fact.id)
            assert words[f"fact.{kind_of(fact.id)}"].format(hours=hours[1] if hours else "") == fact.label


@pytest.mark.parametrize("language", phrases.LANGUAGES)
def test_no_phrase_is_left_over_or_missing(language):
    other = phrases.load("id" if language == "en" else "en")
    words = phrases.load(language)
    assert words.keys() == other.keys()
    for key, phrase in words.items():
        assert sorted(re.findall(r"\{(\w+)\}", phrase)) == sorted(re.findall(r"\{(\w+)\}", other[key])), key
        assert not re.search(r"\d", phrase), f"{key}: a number in a phrase is no fact"
        assert phrase.strip() == phrase
        assert phrase, key


def test_every_phrase_is_used():
    rooms = Path(render.__file__).parent
    sources = [*rooms.glob("*.py"), *rooms.glob("templates/*.j2")]
    code = "\n".join(path.read_text("utf-8") for path in sources)
    unused = []
    for key in phrases.load("en"):
        group, _, name = key.partition(".")
        built = re.search(rf'["\']{re.escape(group)}\.(?:mix_)?["\'{{]|f"{re.escape(group)}\.', code)
        if f"{key}" not in code and not (built or f'"{name}"' in code):
            unused.append(key)
    assert unused == []
