"""How often the language of a text is found, whole or cut to its first words, and how fast."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import Any

from benchmarks.understanding import data
from nlp import language

HELP = "how often the language of a text is found, whole or cut to its first words"

_CONFIGURED = ("en", "id")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=0)
    parser.add_argument("--read", nargs="+", default=[], metavar="LABEL=CODE", help="what the file calls a language")
    parser.add_argument("--words", type=int, nargs="+", default=[0], help="cut to so many words; 0 is the whole text")
    parser.add_argument("--least", type=int, default=1, help="leave out texts of fewer words")
    parser.add_argument("--most", type=int, default=0, help="leave out texts of more words")
    parser.add_argument("--near", nargs="+", default=[], metavar="CODE=CODE", help="twins that are read as another")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return for each language and length how many texts were read as it, as English and as Indonesian."""
    named = dict(pair.split("=", 1) for pair in options.read)
    near = dict(pair.split("=", 1) for pair in options.near)
    by_language: dict[str, list[str]] = defaultdict(list)
    for words, label in data.chosen(options):
        length = len(words.split())
        if length >= options.least and (not options.most or length <= options.most):
            by_language[named.get(label, label)].append(words)
    figures = []
    for code, texts in sorted(by_language.items()):
        for number in options.words:
            cut = [" ".join(text.split()[:number]) for text in texts] if number else texts
            began = time.process_time()
            said = [one.language for one in language.detect(cut, languages=_CONFIGURED, neighbours=near)]
            seconds = time.process_time() - began
            shares = {f"as_{name}": round(said.count(name) / len(said), 4) for name in _CONFIGURED}
            right = round(said.count(code) / len(said), 4) if code in _CONFIGURED else None
            figures.append(
                {"language": code, "words": number or "all", "texts": len(cut), "right": right, **shares,
                 "per_second": round(len(cut) / max(seconds, 1e-9))}
            )  # fmt: skip
    return figures
