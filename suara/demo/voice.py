"""How one person writes: formal or casual, tidy or hasty. The same person always picks the same slang."""

from __future__ import annotations

import re
from random import Random

import msgspec

# What a casual writer makes of a word; the later forms are the heavier ones.
_SLANG: dict[str, dict[str, tuple[str, ...]]] = {
    "id": {
        "tidak": ("gak", "nggak", "ga", "ngga", "tdk"), "sudah": ("udah", "udh", "sdh"), "yang": ("yg",),
        "saja": ("aja",), "banget": ("bgt",), "dengan": ("dgn",), "karena": ("krn",), "kenapa": ("knp",),
        "tolong": ("tlg", "plis"), "untuk": ("buat", "utk"), "kalau": ("kalo", "klo"), "sampai": ("sampe", "smp"),
        "terus": ("trus", "trs"), "belum": ("belom", "blm"), "begitu": ("gitu",), "begini": ("gini",),
        "saya": ("aku", "gue", "gw", "sy"), "aplikasi": ("apk", "app"), "juga": ("jg",),
        "terima kasih": ("makasih", "mksh"), "makasih": ("mksh", "thanks"),
        "bagaimana": ("gimana", "gmn"), "gimana": ("gmn",),
        "habis": ("abis",), "setelah": ("abis",), "hilang": ("ilang",), "lihat": ("liat",), "tahu": ("tau",),
        "hapus": ("apus",), "orang": ("org",), "padahal": ("pdhl",), "sekarang": ("skrg",), "memang": ("emang",),
    },
    "en": {
        "please": ("pls", "plz"), "you": ("u",), "because": ("cause", "bc"), "thanks": ("thx",), "don't": ("dont",),
        "can't": ("cant",), "I'm": ("im",), "people": ("ppl",), "really": ("rly",), "though": ("tho",),
        "something": ("smth",), "minutes": ("mins",), "every": ("evry",), "message": ("msg",), "won't": ("wont",),
        "thank you": ("thank u", "thx"), "going to": ("gonna",), "doesn't": ("doesnt",), "didn't": ("didnt",),
        "isn't": ("isnt",), "tomorrow": ("tmrw",), "probably": ("prob",),
    },
}  # fmt: skip
_EMOJI = {
    "positive": ("😊", "🙏", "👍", "🎉", "❤️", "🔥", "😍", "🙌"),
    "negative": ("😭", "😡", "😤", "🙄", "😞", "🤦", "😩"),
    "neutral": ("🙏", "😅", "🤔", "🙂", "👀"),
}
# How often somebody picks the usual slang for a word.
_USUAL = 0.6
_LETTERS = re.compile(r"[^\W\d_]{5,}")
_SENTENCE = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """Habits of writing; `emoji` and `typos` are the chance of one in a post."""

    slang: dict[str, str]
    lower: bool
    stops: bool
    emoji: float
    typos: float


def draw_voice(lots: Random, *, formal: bool = False) -> Voice:
    """Draw the habits of one person."""
    casual = 0.0 if formal else lots.choice((0.0, 0.2, 0.4, 0.5, 0.8))
    slang = {
        word: forms[0] if lots.random() < _USUAL else lots.choice(forms)
        for table in _SLANG.values()
        for word, forms in table.items()
        if lots.random() < casual
    }
    return Voice(
        slang=slang,
        lower=casual > 0 and lots.random() < 0.4,
        stops=formal or lots.random() < 0.6,
        emoji=0.0 if formal else lots.choice((0.0, 0.05, 0.15, 0.35)),
        typos=0.0 if formal else lots.choice((0.0, 0.03, 0.08, 0.16)),
    )


def speak(text: str, voice: Voice, *, language: str, mood: str, lots: Random) -> str:
    """Return `text` (plain, tidy) the way a person with this voice would type it; `mood` chooses the emoji."""
    spoken = _PATTERNS[language].sub(lambda match: voice.slang.get(match[0], match[0]), text)
    if lots.random() < voice.typos:
        spoken = _mistype(spoken, lots)
    spoken = spoken.lower() if voice.lower else _SENTENCE.sub(lambda match: match[0].upper(), spoken)
    if not voice.stops:
        spoken = spoken.removesuffix(".")
    if lots.random() < voice.emoji:
        spoken = f"{spoken} {lots.choice(_EMOJI[mood]) * lots.choice((1, 1, 1, 2))}"
    return spoken


def alter(text: str, lots: Random) -> str:
    """Return a copy of `text` as people paste it: as it is, with a typo, a word in capitals, or an emoji."""
    how = lots.choice(("same", "same", "typo", "shout", "emoji"))
    if how == "typo":
        return _mistype(text, lots)
    if how == "shout":
        word = lots.choice(_LETTERS.findall(text))
        return text.replace(word, word.upper(), 1)
    return f"{text} {lots.choice(_EMOJI['neutral'])}" if how == "emoji" else text


def _mistype(text: str, lots: Random) -> str:
    """Swap, drop or double one inner letter of one longer word."""
    words = list(_LETTERS.finditer(text))
    if not words:
        return text
    word = lots.choice(words)
    at = lots.randrange(word.start() + 1, word.end() - 2)
    pair = text[at : at + 2]
    wrong = lots.choice((pair[::-1], pair[0], pair[0] * 2 + pair[1]))
    return text[:at] + wrong + text[at + 2 :]


_PATTERNS = {
    language: re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(map(re.escape, table), key=len, reverse=True))})(?![\w-])")
    for language, table in _SLANG.items()
}
