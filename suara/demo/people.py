"""Who takes part: several hundred people with habits, staff, programs, and accounts that only pour in spam.

A person may have an account at two sources; only the truth knows that they belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import Any, Literal

import msgspec

from kernel.model import Role
from suara.demo import texts
from suara.demo.plot import lots_of
from suara.demo.voice import Voice, draw_voice

SOURCES = ("forum", "chat", "reviews")
Kind = Literal["member", "helper", "moderator", "staff", "bot", "spammer"]
Speech = Literal["en", "id", "mixed"]

_ABROAD = (
    "Asia/Singapore",
    "Asia/Kuala_Lumpur",
    "Australia/Sydney",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
)
_PHONES = ("iPhone", "Android 14", "Samsung", "Redmi", "Pixel", "Oppo", "Infinix", "Android 13", "Vivo")
_HELPERS = 14
_MODERATORS = 3
_HUMANS = ("member", "helper", "moderator")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One human or program. `accounts` maps a source to the account's id there.

    `joined` is the week, from 0, in which they first write, -1 for before; from week `left` on they are silent.
    """

    key: str
    name: str
    kind: Kind
    speech: Speech
    voice: Voice
    accounts: dict[str, str]
    weight: float
    zone: str = "Asia/Jakarta"
    phone: str = "Android 14"
    joined: int = -1
    left: int | None = None
    temper: Literal["kind", "plain", "rude"] = "plain"

    @property
    def role(self) -> Role:
        """What the source says of the account."""
        return self.kind if self.kind in ("staff", "bot", "moderator") else "member"

    def is_here(self, week: int) -> bool:
        """Say whether they take part in a week."""
        return self.joined <= week and (self.left is None or week < self.left)

    def speaks(self, language: str) -> bool:
        """Say whether they write in a language."""
        return self.speech in (language, "mixed")


class Cast:
    """Everybody, and quick draws of who writes; holds the weights of those who could."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = tuple(people)
        self.by_key = {person.key: person for person in people}
        self._pools: dict[tuple[str, int, str, str], tuple[list[Person], list[float]]] = {}

    def of_kind(self, *kinds: Kind) -> list[Person]:
        """Return everybody of some kinds."""
        return [person for person in self.people if person.kind in kinds]

    def draw(self, lots: Random, *, source: str, week: int, language: str = "any", kind: str = "any") -> Person:
        """Draw somebody with an account at `source` who takes part in `week`, active people more often.

        `kind` may be a temper, too; any means all but staff, programs and spammers, and stands in where nobody is of
        that kind.
        """
        pool, weights = self._pool(source, week, language, kind)
        if not pool:
            pool, weights = self._pool(source, week, language, "any")
        return lots.choices(pool, cum_weights=weights)[0]

    def _pool(self, source: str, week: int, language: str, kind: str) -> tuple[list[Person], list[float]]:
        key = (source, week, language, kind)
        if key not in self._pools:
            pool = [
                person
                for person in self.people
                if source in person.accounts
                and person.is_here(week)
                and (language == "any" or person.speaks(language))
                and (kind in (person.kind, person.temper) or (kind == "any" and person.kind in _HUMANS))
            ]
            self._pools[key] = pool, list(accumulate(person.weight for person in pool))
        return self._pools[key]


def draw_cast(*, seed: int, posts: int, weeks: int, product: str) -> Cast:
    """Draw everybody for a community of about `posts` posts in `weeks` weeks."""
    lots = lots_of(seed, "people")
    names = _Names(lots)
    talkers, reviewers = max(60, round(posts * 0.08)), max(60, round(posts * 0.17))
    people = _staff(lots, product)
    for rank in range(talkers):
        people.append(_talker(lots, names, rank=rank, weeks=weeks))
    for _ in range(reviewers):
        people.append(_reviewer(lots, names))
    return Cast(people)


def spammer(lots: Random, *, number: int, source: str, week: int) -> Person:
    """Draw an account that pours in one campaign."""
    handle = f"{lots.choice(texts.people()['nick'])}{lots.randrange(1000, 9999)}"
    return Person(
        key=f"spam{number}", name=handle, kind="spammer", speech="mixed", voice=draw_voice(lots, formal=True),
        accounts={source: f"{source[0]}{90000 + number}"}, weight=0.0, joined=week,
    )  # fmt: skip


class _Names:
    """Names and account ids that nobody has yet."""

    def __init__(self, lots: Random) -> None:
        self._lots = lots
        self._lists = texts.people()
        self._taken: set[str] = set()
        self._number = 1000

    def number(self) -> int:
        """Return the next account number, with gaps, as sites have them."""
        self._number += self._lots.randrange(1, 9)
        return self._number

    def full(self, *, foreign: bool) -> str:
        """Return a first and a last name."""
        tail = "en" if foreign else "id"
        return self._new(lambda: f"{self._pick(f'first_{tail}')} {self._pick(f'last_{tail}')}")

    def nick(self, *, foreign: bool) -> str:
        """Return a name as people choose it in a chat."""
        first = f"first_{'en' if foreign else 'id'}"
        forms: tuple[Callable[[], str], ...] = (
            lambda: f"{self._pick(first).lower()}_{self._pick('nick')}",
            lambda: f"{self._pick('nick')}{self._pick('nick')}",
            lambda: f"{self._pick(first)}{self._lots.randrange(10, 99)}",
            lambda: self._pick(first),
        )
        return self._new(lambda: self._lots.choice(forms)())

    def _pick(self, name: str) -> str:
        return str(self._lots.choice(self._lists[name]))

    def _new(self, make: Callable[[], str]) -> str:
        name = make()
        while name in self._taken:
            name = f"{make()}{self._lots.randrange(2, 99)}"
        self._taken.add(name)
        return name


def _staff(lots: Random, product: str) -> list[Person]:
    common: dict[str, Any] = {"voice": draw_voice(lots, formal=True), "weight": 1.0, "speech": "mixed"}
    people = [
        Person(key=f"staff{n}", name=f"{name} ({product})", kind="staff", accounts=_staff_accounts(n), **common)
        for n, name in enumerate(lots.sample(texts.people()["staff"], 4))
    ]
    people += [
        Person(key=f"bot.{name}", name=f"{name}-bot", kind="bot", accounts={"chat": f"bot-{name}"}, **common)
        for name in ("digest", "greeter")
    ]
    return people


def _staff_accounts(number: int) -> dict[str, str]:
    accounts = {"forum": f"u{number + 1}", "chat": f"m{number + 1}"}
    return accounts | {"reviews": "developer"} if number == 0 else accounts


def _talker(lots: Random, names: _Names, *, rank: int, weeks: int) -> Person:
    """Draw somebody of forum and chat. The first ones help others; a third arrives during the weeks, some leave."""
    kind: Kind = "helper" if rank < _HELPERS else "moderator" if rank < _HELPERS + _MODERATORS else "member"
    speech: Speech = lots.choices(("en", "id", "mixed"), weights=(40, 43, 17))[0]
    joined = lots.randrange(weeks) if kind == "member" and lots.random() < 0.38 else -1
    left = lots.randrange(max(joined, 0) + 1, weeks + 1) if lots.random() < 0.1 else None
    foreign = speech == "en" and lots.random() < 0.8
    return Person(
        key=f"p{rank}",
        name=names.nick(foreign=foreign) if lots.random() < 0.55 else names.full(foreign=foreign),
        kind=kind,
        speech=speech,
        voice=draw_voice(lots),
        accounts=_talker_accounts(lots, names, everywhere=kind != "member"),
        weight=(1 + lots.random()) / (lots.randrange(1, 260) + 3) ** (0.9 if kind == "member" else 0.5),
        zone=lots.choice(_ABROAD) if foreign and lots.random() < 0.7 else "Asia/Jakarta",
        phone=lots.choice(_PHONES),
        joined=joined,
        left=left if left is not None and left < weeks else None,
        temper=lots.choices(("kind", "plain", "rude"), weights=(20, 70, 10))[0],
    )


def _talker_accounts(lots: Random, names: _Names, *, everywhere: bool) -> dict[str, str]:
    number = names.number()
    wanted = ("forum", "chat") if everywhere else lots.choices(
        (("forum",), ("chat",), ("forum", "chat"), ("forum", "reviews"), ("chat", "reviews")),
        weights=(34, 40, 14, 6, 6),
    )[0]  # fmt: skip
    letters = {"forum": "u", "chat": "m", "reviews": "r"}
    return {source: f"{letters[source]}{number if source == 'forum' else number * 7 + 3}" for source in wanted}


def _reviewer(lots: Random, names: _Names) -> Person:
    speech: Speech = lots.choices(("en", "id", "mixed"), weights=(42, 46, 12))[0]
    number = names.number()
    return Person(
        key=f"r{number}",
        name=names.full(foreign=speech == "en"),
        kind="member",
        speech=speech,
        voice=draw_voice(lots),
        accounts={"reviews": f"r{number * 7 + 3}"},
        weight=0.02,
        zone=lots.choice(_ABROAD) if speech == "en" and lots.random() < 0.5 else "Asia/Jakarta",
        phone=lots.choice(_PHONES),
    )
