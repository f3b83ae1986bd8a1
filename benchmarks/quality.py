"""The page of measured quality, `docs/explanation/quality.md`, by `python -m benchmarks.quality --data FOLDER`.

The folder holds public sets, one subfolder each. A set that is missing is named on the page and not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp import annotate, registry
from nlp.encoder import BUILT_IN

_HEAD = """# How well texts are understood

Written by `python -m benchmarks.quality --data FOLDER --write docs/explanation/quality.md` on {date}
({machine}). Steps `{steps}`, themes `{themes}`, encoder `{encoder}`.
Each table stands under the command that makes it again; `FOLDER` holds the public sets. CPU-seconds are without the
encoder's, whose vectors are kept.
"""


@dataclass(frozen=True)
class Section:
    """A heading, what to know, and the commands whose tables follow."""

    title: str
    about: str
    runs: tuple[str, ...]


# Tasks that keep vectors from run to run.
_KEEPING = {"continuity", "day", "edits", "head", "pairs", "themes"}
_BANKING = "FOLDER/banking77/train.csv.gz --text text --label category"
_STACK = "FOLDER/stackoverflow20/stackoverflow20.csv.gz --text text --label label"
_NEWS = "FOLDER/octis_bbc_news/octis_bbc_news.csv.gz --text text --label label"
_NUSAX = "FOLDER/nusax_senti/nusax_senti.csv.gz --text text"
_REVIEWS = "FOLDER/id_public_service_reviews/id_public_service_reviews.csv.gz --text Ulasan"
_TYPES = '--read "Bug Report=bug" "Feature Request=request" --rest other'
_THREE = "--say question=other complaint=other praise=other"
_ISSUES = "FOLDER/nlbse24_issues/train.csv.gz --text title body --label label --lang en"

SECTIONS = (
    Section(
        "Themes found without labels",
        "*suara* is the first week of a registry that knows nothing, with default settings; *leiden* only its "
        "communities; *bertopic* is BERTopic as it comes, on the same vectors; *nmf* alone is told how many labels. "
        "*named* is the share of themes whose name holds a word of their commonest label.",
        (
            f"themes --data {_BANKING} --engine suara leiden bertopic nmf",
            f"themes --data {_STACK} --engine suara leiden bertopic nmf --seeds 2",
            f"themes --data {_NEWS}",
        ),
    ),
    Section(
        "The cost of many posts",
        "A first week of made-up posts, clustered and named in one process.",
        ("size",),
    ),
    Section(
        "Two languages in one space",
        "The share of sentences that share a group with their translation.",
        (f"pairs --data {_NUSAX} --pair id --language lang",),
    ),
    Section(
        "Identity over six weeks",
        "Six simulated weeks; a sixth of the labels leaves and another comes. *Continuity* is how often the main theme "
        "of a label is the same one week later.",
        (
            f"continuity --data {_BANKING} --way registry --granularity 2 7 --simulations 3",
            f"continuity --data {_BANKING} --way hungarian --granularity 2",
            f"continuity --data {_BANKING} --way merge_models --granularity 2",
        ),
    ),
    Section(
        "Edits by people",
        "The same weeks in a warehouse. After each, people rename, merge, split, assign, place and retire themes at "
        "random and undo some of it; at the end every edit that stands is looked for, all weeks having run twice.",
        (f"edits --data {_BANKING}",),
    ),
    Section(
        "Language",
        "Shares of texts read as each configured language.",
        (
            f"language --data {_NUSAX} --label lang --read english=en indonesian=id --words 5 0",
            f"language --data {_REVIEWS} --label 'Nama Aplikasi' --least 4 --most 8",
        ),
    ),
    Section(
        "Sentiment",
        "With the weights that come with this package; what NusaX repeats of SmSA was not learned from.",
        ("head sentiment --data FOLDER/smsa/valid.csv.gz --text text --label label --lang id",),
    ),
    Section(
        "Kind of feedback",
        "First with the weights that come with this package, which have seen none of these sets; then learned from the "
        "set itself, as an operator can.",
        (
            f"head type --data {_ISSUES} --read feature=request bug=bug question=question "
            "--say complaint=bug praise=request other=question",
            f"head type --data {_REVIEWS} --label 'Label Tipe' --lang id {_TYPES} {_THREE}",
            f"head type --data {_ISSUES} --folds 5",
            f"head type --data {_REVIEWS} --label 'Label Tipe' --lang id {_TYPES} --folds 5",
            f"head type --data {_REVIEWS} --label 'Label Tipe' --lang id {_TYPES} --group 'Nama Aplikasi'",
        ),
    ),
    Section(
        "Abuse and spam",
        "English learned from each set itself; then Indonesian with the weights that come with this package, which "
        "know it from phrases of our own and by way of English.",
        (
            "head abuse --data FOLDER/davidson/davidson.csv.gz --text tweet --label class --lang en "
            "--read 2=fine --rest abusive --folds 5",
            "head spam --data FOLDER/sms_spam/sms_spam.csv.gz --text text --label label --lang en --folds 5",
            "head abuse --data FOLDER/id_hate/id_hate.csv.gz --text Tweet --label Abusive --lang id "
            "--read 0=fine --rest abusive",
        ),
    ),
    Section(
        "Personal data",
        "Generated posts in both languages, with traps.",
        ("pii --posts 400 --seed 42",),
    ),
    Section(
        "The cost of a day",
        "All steps but the encoder.",
        (f"day --data {_NUSAX} --label lang", f"day --data {_REVIEWS} --label 'Nama Aplikasi'"),
    ),
)


def run(command: str, folder: Path, vectors: Path | None) -> list[dict[str, Any]] | None:
    """Return the figures of one command of `benchmarks.nlp`, in a process of its own; None when it failed.

    Memory is measured by process, so that what one command needs would be seen in all that follow it.
    """
    task, *rest = shlex.split(command)
    rest = [str(folder / word.removeprefix("FOLDER/")) if word.startswith("FOLDER/") else word for word in rest]
    keeps = ["--vectors", str(vectors)] if vectors and task in _KEEPING else []
    words = [sys.executable, "-m", "benchmarks.nlp", task, *rest, *keeps, "--json"]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    return list(json.loads(done.stdout)) if done.returncode == 0 else None


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["| " + " | ".join(column.replace("_", " ") for column in columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def page(folder: Path, vectors: Path | None) -> Iterator[str]:
    """Measure everything and yield the page part by part."""
    yield _HEAD.format(
        date=datetime.now(UTC).date(), machine=_machine(), steps=annotate.STEPS,
        themes=registry.VERSION, encoder=BUILT_IN,
    )  # fmt: skip
    for section in SECTIONS:
        yield f"\n## {section.title}\n\n{section.about}\n"
        for command in section.runs:
            sys.stderr.write(f"{command}\n")
            files = [folder / word.removeprefix("FOLDER/") for word in shlex.split(command) if "FOLDER/" in word]
            missing = [file.parent.name for file in files if not file.exists()]
            figures = None if missing else run(command, folder, vectors)
            reason = f"there is no {missing[0]}" if missing else "it failed, and said why"
            found = table(figures) if figures else f"Not measured: {reason}."
            yield f"\n`python -m benchmarks.nlp {command}`\n\n{found}\n"


def _machine() -> str:
    """Return how many cores of what this is."""
    known = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*: (.+)$", known.read_text(), re.MULTILINE) if known.exists() else []
    return f"{os.cpu_count()} cores of {models[0] if models else platform.processor() or platform.machine()}"


def main() -> None:
    """Write the page, or print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--write", type=Path, help="where the page goes; otherwise it is printed")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")
    options = parser.parse_args()
    # Written as it is measured: who stops it after half an hour keeps what it has found.
    with options.write.open("w", encoding="utf-8") if options.write else nullcontext(sys.stdout) as stream:
        for part in page(options.data, options.vectors):
            stream.write(part)
            stream.flush()


if __name__ == "__main__":
    main()
