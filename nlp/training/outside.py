"""Sets of which no weights may be passed on, by their licence or for want of one.

They give figures; and who learns weights that stay with them may learn from these sets too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nlp.training.corpora import Example, plain, rows, start


@dataclass(frozen=True)
class OutsideSet:
    """A labelled set, the head it measures, and the classes of the head read as the set's own (`ways`).

    `learn` reads it by the classes of the head, where it is not to be learned from as it is.
    """

    name: str
    head: str
    ways: str
    read: Callable[[Path], list[Example]]
    least: float = 0.5
    learn: Callable[[Path], list[Example]] | None = None


def learned(head: str, data: Path) -> list[Example]:
    """Return what these sets have for a head to learn, each text in a group with those that begin like it."""
    return [
        Example(one.text, one.label, one.language, outside.name, start(one.text))
        for outside in OUTSIDE
        if outside.head == head
        for one in (outside.learn or outside.read)(data)
    ]


WAYS: dict[str, dict[str, str]] = {
    "same": {},
    "three": {"question": "other", "complaint": "other", "praise": "other"},
    "issues": {"complaint": "bug", "praise": "request", "other": "question"},
}


def _smsa(data: Path) -> list[Example]:
    repeated = {start(row["text"]) for row in rows(data, "nusax_senti/nusax_senti.csv.gz")}
    return [
        Example(plain(row["text"]), row["label"], "id", "SmSA", "")
        for row in rows(data, "smsa/valid.csv.gz")
        if start(row["text"]) not in repeated
    ]


def _stars(path: str, body: str, stars: str, code: str) -> Callable[[Path], list[Example]]:
    """Read reviews with few or many stars as negative or positive; three stars are left out."""

    def read(data: Path) -> list[Example]:
        found = [(row[body], int(float(row[stars]))) for row in rows(data, path) if row[stars]]
        return [
            Example(plain(text), "negative" if given < 3 else "positive", code, "", "")
            for text, given in found[:4000]
            if given != 3 and len(text.split()) > 2
        ]

    return read


def _public_service(data: Path) -> list[Example]:
    return [Example(words, kind or "other", "id", "", "") for words, kind, _ in _told_of_services(data)]


def _app_reviews(data: Path) -> list[Example]:
    return [Example(words, kind or "other", "en", "", "") for words, kind, _ in _told_of_apps(data)]


def _by_stars(told: Callable[[Path], Iterator[tuple[str, str, float]]], code: str) -> Callable[[Path], list[Example]]:
    """Read reviews that are neither bug nor request as praise or complaint by their stars."""

    def read(data: Path) -> list[Example]:
        return [
            Example(words, kind or ("praise" if stars > 3 else "complaint" if stars < 3 else "other"), code, "", "")
            for words, kind, stars in told(data)
        ]

    return read


def _told_of_services(data: Path) -> Iterator[tuple[str, str, float]]:
    """Yield each review with bug, request or nothing, and its stars."""
    kinds = {"Bug Report": "bug", "Feature Request": "request"}
    for row in rows(data, "id_public_service_reviews/id_public_service_reviews.csv.gz"):
        yield plain(row["Ulasan"]), kinds.get(row["Label Tipe"], ""), float(row["Rating"] or 3)


def _told_of_apps(data: Path) -> Iterator[tuple[str, str, float]]:
    """Yield each review with bug, request or nothing, and its stars."""
    kinds = {"Bug": "bug", "Feature": "request"}
    for row in rows(data, "maalej_app_reviews/maalej_app_reviews.csv.gz"):
        yield plain(f"{row['title']}\n{row['text']}"), kinds.get(row["label"], ""), float(row["rating"] or 3)


def _issues(data: Path) -> list[Example]:
    kinds = {"bug": "bug", "feature": "request", "question": "question"}
    return [
        Example(plain(f"{row['title']}\n\n{row['body']}", body_format="markdown"), kinds[row["label"]], "en", "", "")
        for row in rows(data, "nlbse24_issues/train.csv.gz")
    ]


def _indonesian_abuse(data: Path) -> list[Example]:
    return [
        Example(plain(row["Tweet"]), "abusive" if "1" in (row["HS"], row["Abusive"]) else "fine", "id", "", "")
        for row in rows(data, "id_hate/id_hate.csv.gz")
    ]


OUTSIDE = (
    OutsideSet("SmSA validation, without what NusaX repeats", "sentiment", "same", _smsa),
    OutsideSet(
        "app reviews by stars (no licence)", "sentiment", "same",
        _stars("id_chatgpt_reviews/id_chatgpt_reviews.csv.gz", "content", "score", "id"),
    ),
    OutsideSet(
        "app reviews by stars (no licence)", "sentiment", "same",
        _stars("maalej_app_reviews/maalej_app_reviews.csv.gz", "text", "rating", "en"),
    ),
    OutsideSet("public service reviews (for research)", "type", "three", _public_service, 0.45,
               _by_stars(_told_of_services, "id")),
    OutsideSet("app reviews of Maalej et al. (no licence)", "type", "three", _app_reviews, 0.45,
               _by_stars(_told_of_apps, "en")),
    OutsideSet("issues of NLBSE 2024 (no licence)", "type", "issues", _issues, 0.45),
    OutsideSet("tweets of Ibrohim and Budi (non-commercial)", "abuse", "same", _indonesian_abuse),
)  # fmt: skip
