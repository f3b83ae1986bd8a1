"""Sets that give figures only: their licences do not allow weights made from them to be passed on, or name no terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nlp.text import clean, excerpt
from nlp.training.corpora import Example, plain, rows, start


@dataclass(frozen=True)
class OutsideSet:
    """A labelled set, the head it measures, and the classes of the head read as the set's own (`ways`)."""

    name: str
    head: str
    ways: str
    read: Callable[[Path], list[Example]]
    least: float = 0.5


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
    kinds = {"Bug Report": "bug", "Feature Request": "request"}
    return [
        Example(plain(row["Ulasan"]), kinds.get(row["Label Tipe"], "other"), "id", "", "")
        for row in rows(data, "id_public_service_reviews/id_public_service_reviews.csv.gz")
    ]


def _app_reviews(data: Path) -> list[Example]:
    kinds = {"Bug": "bug", "Feature": "request"}
    return [
        Example(plain(f"{row['title']}\n{row['text']}"), kinds.get(row["label"], "other"), "en", "", "")
        for row in rows(data, "maalej_app_reviews/maalej_app_reviews.csv.gz")
    ]


def _issues(data: Path) -> list[Example]:
    kinds = {"bug": "bug", "feature": "request", "question": "question"}
    return [
        Example(
            excerpt(f"{row['title']}\n{clean(row['body'], body_format='markdown')}", 500),
            kinds[row["label"]],
            "en",
            "",
            "",
        )
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
    OutsideSet("public service reviews (for research)", "type", "three", _public_service, 0.45),
    OutsideSet("app reviews of Maalej et al. (no licence)", "type", "three", _app_reviews, 0.45),
    OutsideSet("issues of NLBSE 2024 (no licence)", "type", "issues", _issues, 0.45),
    OutsideSet("tweets of Ibrohim and Budi (non-commercial)", "abuse", "same", _indonesian_abuse),
)  # fmt: skip
