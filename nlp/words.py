"""Words of a text: spaCy's tokenizers for English and Indonesian, and the words that carry no subject.

`STOP` is spaCy's lists without the words that name subjects here ("empty", "keluar"), and with what people write in
chats and reviews ("pls", "gak", "nya"). Phrases are built inside runs of words between them, so that "the card is not
the card" gives no "card card".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from threading import Lock

import spacy
from spacy.lang.en.stop_words import STOP_WORDS as ENGLISH
from spacy.lang.id.stop_words import STOP_WORDS as INDONESIAN
from spacy.language import Language
from spacy.tokens import Doc

from nlp.text import PLACEHOLDER


def words_of(name: str) -> frozenset[str]:
    """Read a list of words that comes with this package."""
    return frozenset(files("nlp").joinpath("wordlists", f"{name}.txt").read_text("utf-8").split())


_ENGLISH_CHAT = words_of("chat.en")
_INDONESIAN_CHAT = words_of("chat.id")
# Subjects of complaints and requests that spaCy's lists hold.
_SUBJECTS = words_of("subjects")
# A report shall not be headed by an insult.
RUDE = words_of("rude")

STOP = (ENGLISH | INDONESIAN | _ENGLISH_CHAT | _INDONESIAN_CHAT | RUDE) - _SUBJECTS
# Words that give a language away in a post too short for its letters to do so.
TELLING: dict[str, frozenset[str]] = {
    "en": frozenset((ENGLISH | _ENGLISH_CHAT) - INDONESIAN - _INDONESIAN_CHAT),
    "id": frozenset((INDONESIAN | _INDONESIAN_CHAT) - ENGLISH - _ENGLISH_CHAT),
}

# Words too common to say by themselves what people talk about; in a phrase they are welcome.
WEAK = words_of("weak")
# Words that turn the next one round. They open a phrase ("can't open", "tidak bisa masuk") and are never one.
LEADS = frozenset(["can't", "won't", "doesn't", "not", "tidak bisa", "tidak", "belum"])
_NEGATED_VERB = {"ca": "can't", "could": "can't", "wo": "won't", "do": "doesn't", "does": "doesn't", "did": "doesn't"}
_ONE_WORD_LEADS = {
    **dict.fromkeys(["not", "never"], "not"),
    **dict.fromkeys(["cant", "cannot", "couldnt"], "can't"),
    **dict.fromkeys(["dont", "doesnt", "didnt"], "doesn't"),
    **dict.fromkeys(["wont", "wouldnt"], "won't"),
    **dict.fromkeys(
        ["gak", "ga", "gk", "nggak", "ngga", "enggak", "kagak", "kaga", "tdk", "tidak", "tak", "ndak"], "tidak"
    ),
    **dict.fromkeys(["belum", "blm", "blom", "belom"], "belum"),
}
_ABLE = frozenset(["bisa", "bs", "bisaa", "dapat", "dpt"])
# Verbs that mean something else with their particle.
_PARTICLES = {
    "in": frozenset(["log", "sign", "check", "opt", "plug", "zoom"]),
    "out": frozenset(["log", "sign", "check", "opt", "time", "zoom", "cash"]),
    "up": frozenset(["top", "sign", "set", "back", "pop", "start", "speed", "mess", "blow"]),
    "off": frozenset(["turn", "switch", "log"]),
    "on": frozenset(["turn", "switch", "add"]),
    "down": frozenset(["shut", "slow", "break"]),
}
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
# "masuk2", "bolak2": Indonesian writes a word that is said twice with a figure.
_TWICE = re.compile(r"\A([^\W\d_]{3,})[2\u00b2]\Z")
# What stands in paths, references and formulas, "f(x", and in no word.
_SIGNS = frozenset("/\\()[]{}=^#:")
# Shorter words that end in a doubled letter are often words of their own: "pass" is no "pas".
_LEAST_DOUBLED = 6
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")


_ONE_READER = Lock()


def count_words(text: str) -> int:
    """Return how many words a text has; emoji and punctuation are none."""
    return sum(any(letter.isalnum() for letter in word) for word in _WORD.findall(text))


def runs(texts: Sequence[str], *, language: str) -> Iterator[list[list[str]]]:
    """Return for each text its runs of lower-case words that stand together with no stop word or mark between them."""
    for start in range(0, len(texts), 512):
        plain = (PLACEHOLDER.sub(" . ", text).replace("\u2019", "'") for text in texts[start : start + 512])
        with tokenizer(language) as tokenize:
            found = [_runs(doc) for doc in tokenize.pipe(plain)]
        yield from found


@contextmanager
def tokenizer(language: str) -> Iterator[Language]:
    """Lend spaCy's blank pipeline of a language, English for one that has none here, to one thread at a time.

    spaCy remembers every string that it has seen, and is made to forget them at the end, so that two threads must not
    read at once and nothing of a `Doc` may be used afterwards.
    """
    pipeline = _pipeline(language if language in TELLING else "en")
    with _ONE_READER, pipeline.memory_zone():
        yield pipeline


@lru_cache
def _pipeline(language: str) -> Language:
    return spacy.blank(language)


def _runs(doc: Doc) -> list[list[str]]:
    found: list[list[str]] = [[]]
    lead, previous = "", ""
    for word in _words(doc):
        run = found[-1]
        if run and run[-1] == previous and previous in _PARTICLES.get(word, ()):
            run[-1] = f"{previous} {word}"
        elif _is_subject(word):
            run += [lead, word] if lead else [word]
            lead = ""
        else:
            lead = _lead(word, previous=previous, lead=lead)
            if run:
                found.append([])
        previous = word
    return [run for run in found if run]


def _words(doc: Doc) -> list[str]:
    """Return the lower-case words and marks; "e-mail" is one word, "lamaaaa" is "lama", "aplikasinya" is "aplikasi".

    In Indonesian "masuk2" is "masuk-masuk".
    """
    found: list[str] = []
    joined = False
    for token in doc:
        word = _STRETCHED.sub(r"\1", token.lower_)
        if joined and word[:1].isalnum():
            found[-1] += word
            joined = False
        elif word == "-" and not token.whitespace_ and found and found[-1][-1:].isalnum() and token.i + 1 < len(doc):
            found[-1] += word
            joined = True
        else:
            found.append(word)
            joined = False
    if doc.lang_ == "id":
        found = [_TWICE.sub(r"\1-\1", word) for word in found]
    return [_stem(word.strip("-")) for word in found]


def _stem(word: str) -> str:
    verb, _, particle = word.partition("-")
    if verb in _PARTICLES.get(particle, ()):
        return f"{verb} {particle}"
    stem = word.removesuffix("nya")
    return stem if len(stem) >= 4 and stem != word and stem not in STOP and word not in STOP else word


def _is_subject(word: str) -> bool:
    if len(word) < 2 or word in _ONE_WORD_LEADS or word in _NEGATED_VERB:  # "wo" is the rest of "won't", and no word
        return False
    if not STOP.isdisjoint((word, _single(word))):
        return False
    return word[0].isalpha() and word[-1].isalnum() and not word.endswith(("'s", "wkwk")) and _SIGNS.isdisjoint(word)


def _single(word: str) -> str:
    """Return a word without what stretches it: "mantapp" and "mantap2" are said as "mantap" is."""
    half = word[: len(word) // 2]
    if word == f"{half}-{half}":
        return half
    return word[:-1] if len(word) >= _LEAST_DOUBLED and word[-2] == word[-1] else word


def _lead(word: str, *, previous: str, lead: str) -> str:
    """Return the negation that is open after `word`; one stop word may stand between it and what it negates."""
    if word == "n't":
        return _NEGATED_VERB.get(previous, "not")
    if word in _ABLE:
        return "tidak bisa" if lead == "tidak" else ""
    if word in _ONE_WORD_LEADS:
        return _ONE_WORD_LEADS[word]
    return lead if word in STOP and (previous == "n't" or previous in _ABLE or previous in _ONE_WORD_LEADS) else ""
