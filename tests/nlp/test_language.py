from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import language
from nlp.language import OTHER, UNKNOWN, detect

_TWINS = {"ms": "id", "jv": "id", "su": "id"}


def _codes(*texts: str, hints: list[str | None] | None = None) -> list[str]:
    return [one.language for one in detect(texts, languages=("en", "id"), neighbours=_TWINS, hints=hints)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The update broke my saved games and nobody answers", "en"),
        ("Aplikasinya gak bisa dibuka setelah update kemarin", "id"),
        ("mantap banget", "id"),
        ("thank you", "en"),
        ("gak bisa login", "id"),
        ("please fix", "en"),
        ("why is this so slow", "en"),
        ("kenapa lemot banget sih", "id"),
    ],
)
def test_configured_languages_are_told_apart(text, code):
    assert _codes(text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "Ich habe gestern die neue Version installiert und seitdem startet das Programm nicht mehr",
        "J'ai installé la nouvelle version hier et depuis l'application ne démarre plus",
        "Instalé la nueva versión ayer y desde entonces el programa no arranca",
        "昨日新しいバージョンをインストールしました",
        "Я вчера установил новую версию, и теперь программа не запускается",
    ],
)
def test_other_languages_are_not_taken_for_configured_ones(text):
    assert _codes(text)[0] not in ("en", "id", UNKNOWN)


@pytest.mark.parametrize("text", ["", "👍👍", "12345", "ok", "!?"])
def test_below_three_letters_nothing_is_claimed(text):
    assert _codes(text) == [UNKNOWN]


def test_a_claim_of_the_source_decides_where_words_do_not():
    assert _codes("login error server", hints=["id-ID"]) == ["id"]
    assert _codes("login error server", hints=["en_US"]) == ["en"]


def test_an_old_code_of_indonesian_is_understood():
    assert _codes("login error server", hints=["in"]) == ["id"]


def test_a_wrong_claim_does_not_overrule_clear_words():
    assert _codes("The update broke my saved games and nobody answers", hints=["id"]) == ["en"]


def test_a_twin_is_read_as_its_neighbour_only_where_one_is_configured():
    malay = "Aplikasi ini tidak boleh dibuka lepas kemas kini semalam"
    assert _codes(malay) == ["id"]
    assert detect([malay], languages=("en",), neighbours={})[0].language != "en"


@given(st.lists(st.text(max_size=60), max_size=8))
def test_every_text_has_a_language_and_a_probability(texts):
    for one in detect(texts, languages=("en", "id"), neighbours=_TWINS):
        assert one.language == OTHER or one.language
        assert 0 <= one.confidence <= 1


_WORDS = re.findall(r"\w+", "the app please fix is slow gak bisa login aplikasi yang kenapa error schlecht und cepat")


@given(st.lists(st.sampled_from(_WORDS)).map(" ".join))
def test_the_identifier_gives_each_language_what_its_ranking_gives(text):
    identifier, places = language._known()
    likely = identifier.probabilities(text)
    assert {code: likely[place] for code, place in places.items()} == dict(identifier.rank(text))


def _foreign() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in Path("tests/fixtures/foreign.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            sentences = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            sentences.append(line)
    return found


@pytest.mark.parametrize(("code", "sentences"), _foreign().items())
def test_sentences_in_other_languages_are_rarely_taken_for_configured_ones(code, sentences):
    taken = [one for one in sentences if _codes(one)[0] in ("en", "id")]
    assert len(taken) <= 0.05 * len(sentences), taken
