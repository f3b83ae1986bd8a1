"""Templates that say one thing in many ways: `[this|that]` is a choice, `{slot}` a phrase from a list.

Choices nest, phrases may hold choices and slots themselves. The same lots give the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeAlias

Slots: TypeAlias = Mapping[str, Sequence[str]]

_MARK = re.compile(r"[\[\]|]|\{\w+\}|[^\[\]|{}]+")
_SPACE = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.!?;:])")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeioAEIO])")


@dataclass(frozen=True)
class _Slot:
    name: str


@dataclass(frozen=True)
class _Choice:
    options: tuple[tuple[_Node, ...], ...]


_Node: TypeAlias = str | _Slot | _Choice


def expand(template: str, slots: Slots, lots: Random) -> str:
    """Return one of the things that `template` can say. Raises `KeyError` for a slot without a list."""
    return _tidy("".join(_say(_parse(template), slots, lots)))


def ways(template: str, slots: Slots) -> int:
    """Return how many texts `template` can become."""
    return _count(_parse(template), slots)


def slots_of(template: str) -> set[str]:
    """Return the names of the slots that `template` uses."""
    return {name.strip("{}") for name in re.findall(r"\{\w+\}", template)}


@cache
def _parse(template: str) -> tuple[_Node, ...]:
    marks = iter(_MARK.findall(template))
    options = _options(marks, closed=False)
    if len(options) > 1:
        message = f"'|' outside of brackets: {template}"
        raise ValueError(message)
    return options[0]


def _options(marks: Iterator[str], *, closed: bool) -> tuple[tuple[_Node, ...], ...]:
    options: list[list[_Node]] = [[]]
    for mark in marks:
        if mark == "[":
            options[-1].append(_Choice(_options(marks, closed=True)))
        elif mark == "|":
            options.append([])
        elif mark == "]":
            return tuple(map(tuple, options))
        elif mark.startswith("{"):
            options[-1].append(_Slot(mark[1:-1]))
        else:
            options[-1].append(mark)
    if closed:
        message = "a '[' is never closed"
        raise ValueError(message)
    return tuple(map(tuple, options))


def _say(nodes: Sequence[_Node], slots: Slots, lots: Random) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Slot):
            yield from _say(_parse(lots.choice(slots[node.name])), slots, lots)
        else:
            yield from _say(lots.choice(node.options), slots, lots)


def _count(nodes: Sequence[_Node], slots: Slots) -> int:
    total = 1
    for node in nodes:
        if isinstance(node, _Slot):
            total *= sum(_count(_parse(phrase), slots) for phrase in slots[node.name])
        elif isinstance(node, _Choice):
            total *= sum(_count(option, slots) for option in node.options)
    return total


def _tidy(text: str) -> str:
    return _ARTICLE.sub(r"\1n ", _BEFORE_MARK.sub(r"\1", _SPACE.sub(" ", text))).strip()
