"""Reading a page the way the promises about it are written: digits, elements, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "link", "input", "source", "wbr", "col"}
# Elements and marks under which a digit is a date, a setting, or somebody's own words.
FREE = {"time", "style", "title"}
MARKS = {"data-meta", "data-verbatim"}


@dataclass(frozen=True)
class Figure:
    """A number on the page that claims to be a part of a fact."""

    fact: str
    part: str
    value: str
    shown: str


@dataclass
class Page(HTMLParser):
    """A parsed page."""

    text: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.text)
        self.close()
        self.broken += [f"<{tag}> is not closed" for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.broken.append(f"<{tag}> says an attribute twice")
        if tag not in VOID:
            self._open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            self.broken.append(f"</{tag}> closes nothing at {self.getpos()}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._open and self._open[-1][0] == "data":
            marks = self._open[-1][1]
            self.figures.append(Figure(marks["data-fact"] or "", marks["data-part"] or "", marks["value"] or "", data))
        elif re.search(r"\d", data) and not any(tag in FREE or MARKS & set(marks) for tag, marks in self._open):
            self.stray.append(data.strip())

    def all(self, attribute: str) -> list[str]:
        """Return every value of an attribute."""
        return [marks[attribute] or "" for _, marks in self.tags if attribute in marks]
