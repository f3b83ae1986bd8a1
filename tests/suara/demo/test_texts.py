"""The words of the community: many ways to say each thing, no word that gives a theme away, no copies by chance."""

from __future__ import annotations

import re
from collections import Counter

import msgspec
import phonenumbers
import pytest

from nlp.duplicates import find
from streams.events import PostCreated, PostEdited, PostRestored
from suara.demo import pii, texts
from suara.demo.community import Community
from suara.demo.grammar import expand, slots_of, ways
from suara.demo.plot import lots_of
from suara.demo.truth import PostTruth
from suara.demo.voice import alter, draw_voice, speak
from tests.suara.demo.made import made

LANGUAGES = ("en", "id")
THEMES = sorted(texts.themes())


@pytest.fixture(scope="module")
def community() -> Community:
    return made(1)


@pytest.fixture(scope="module")
def said(community: Community) -> list[tuple[PostTruth, str]]:
    """All live posts with their words as they stand at the end, title included."""
    newest: dict[str, PostCreated | PostEdited | PostRestored] = {}
    for _, event in community.events:
        if isinstance(event, PostCreated | PostEdited | PostRestored):
            known = newest.get(event.data.post_id)
            if known is None or known.data.version < event.data.version:
                newest[event.data.post_id] = event
    return [
        (post, f"{newest[post.post_id].data.title or ''}\n{newest[post.post_id].data.body}".strip())
        for post in community.truth.posts
        if post.status == "live"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_can_be_said_in_many_ways(theme: str, language: str) -> None:
    text = texts.themes()[theme]
    here = {"product": ("Laras",), "version": ("5.1",), "phone": ("Pixel",)}
    slots = {**texts.frames()["slots"][language], **text.slots[language], **here}
    lists = msgspec.structs.asdict(text.wording(language))
    lines = [line for kind, phrases in lists.items() if kind != "headline" for line in phrases]
    assert len(lines) == len(set(lines)) >= 20
    assert all(slots_of(line) <= set(slots) for line in lines)
    assert sum(ways(line, slots) for line in lines) > 80
    assert set(text.kinds) <= set(lists)
    assert set(text.nouns) <= set(text.slots[language])


def test_both_languages_say_the_same_kinds_of_things() -> None:
    for text in texts.themes().values():
        for kind, phrases in msgspec.structs.asdict(text.en).items():
            assert len(phrases) == len(getattr(text.id, kind))


def test_both_languages_are_spoken(community: Community) -> None:
    languages = Counter(post.language for post in community.truth.posts)
    total = len(community.truth.posts)
    assert 0.35 * total < languages["en"] < 0.6 * total
    assert 0.35 * total < languages["id"] < 0.6 * total
    assert 0.03 * total < sum(post.mixed for post in community.truth.posts) < 0.12 * total


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", [1, 7])
def test_no_single_word_gives_a_theme_away(seed: int, language: str) -> None:
    told = made(seed)
    bodies = {event.data.post_id: event.data.body for _, event in told.events if isinstance(event, PostCreated)}
    posts = [
        (post.theme, set(re.findall(r"\w+", bodies[post.post_id].lower())))
        for post in told.truth.posts
        if post.is_counted and post.language == language
    ]
    everywhere = Counter(word for _, words in posts for word in words)
    for theme in told.truth.themes:
        mine = [words for told, words in posts if told == theme.theme]
        inside = Counter(word for words in mine for word in words)
        best = max(2 * number / (len(mine) + everywhere[word]) for word, number in inside.items())
        assert best < 0.9, theme.theme


def test_copies_are_copies_and_little_else_is(said: list[tuple[PostTruth, str]]) -> None:
    people = [(post, text) for post, text in said if post.role in ("member", "moderator")]
    found = find([(number, text) for number, (_, text) in enumerate(people)])
    by_chance = [
        copy
        for copy, first in found.items()
        if people[copy][0].group is None or people[copy][0].group != people[first][0].group
    ]
    assert len(by_chance) < 0.005 * len(people)
    groups = Counter(post.group for post, _ in people if post.group)
    copies = sum(number - 1 for number in groups.values())
    assert copies > 80
    assert len(found) - len(by_chance) > 0.9 * copies


def test_no_sentence_is_heard_all_the_time(said: list[tuple[PostTruth, str]]) -> None:
    themed = [text.lower() for post, text in said if post.theme and post.is_counted and not post.group]
    runs = Counter(
        run
        for text in themed
        for words in [re.findall(r"\w+", text)]
        for run in set(zip(*(words[n:] for n in range(6)), strict=False))
    )
    assert max(runs.values()) < 0.006 * len(themed)


def test_personal_data_are_planted_as_they_are_written(said: list[tuple[PostTruth, str]]) -> None:
    planted = [(value, text) for post, text in said for value in post.pii]
    assert len(planted) > 25
    assert all(value in text for value, text in planted)


def test_planted_numbers_pass_their_checks_and_belong_to_nobody() -> None:
    lots = lots_of(3, "test")
    for _ in range(200):
        assert re.fullmatch(r"[\w.]+@example\.(com|org|net)", pii.draw_value("email", lots))
        phone = pii.draw_value("phone", lots)
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone, "ID"))
        assert "0000" in phone
        nik = pii.draw_value("nik", lots)
        assert re.fullmatch(r"\d\d9999\d{10}", nik)
        assert 1 <= int(nik[6:8]) % 40 <= 31
        assert 1 <= int(nik[8:10]) <= 12
        assert _luhn(pii.draw_value("card", lots))


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def test_templates_expand_to_what_they_can_say() -> None:
    slots = {"thing": ("[red|blue] box", "bag")}
    said = {expand("a {thing} [now|later|]", slots, lots_of(seed, "test")) for seed in range(200)}
    assert said == {f"a {thing}{end}" for thing in ("red box", "blue box", "bag") for end in (" now", " later", "")}
    assert ways("a {thing} [now|later|]", slots) == len(said)
    assert expand("a {x}", {"x": ("iPhone",)}, lots_of(1, "test")) == "an iPhone"


@pytest.mark.parametrize("broken", ["[a|b", "a|b"])
def test_broken_templates_are_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|closed"):
        expand(broken, {}, lots_of(1, "test"))


def test_a_voice_is_always_the_same_and_voices_differ() -> None:
    voices = [draw_voice(lots_of(seed, "test")) for seed in range(40)]
    spoken = {
        speak("kodenya tidak masuk dari tadi pagi.", voice, language="id", mood="negative", lots=lots_of(1, "test"))
        for voice in voices
    }
    assert len(spoken) > 8
    formal = draw_voice(lots_of(1, "test"), formal=True)
    assert (
        speak("tidak bisa. coba lagi.", formal, language="id", mood="neutral", lots=lots_of(1, "test"))
        == "Tidak bisa. Coba lagi."
    )


def test_pasted_copies_keep_nearly_all_words() -> None:
    text = texts.campaigns().spam[0].text
    for seed in range(50):
        copy = alter(text, lots_of(seed, "test")).lower().split()
        assert len(set(copy) & set(text.lower().split())) >= len(set(text.split())) - 2
