"""Posts to plain words: markup, quoted replies, code, signatures and addresses of pages are taken away.

What a person wrote stays as they wrote it, emoji and misspelling included, because it is quoted in reports. No text
makes it fail: a body that is not what its format claims is cleaned as far as it can be.
"""

from __future__ import annotations

import html
import re
import unicodedata
from html.parser import HTMLParser

from kernel.model import BodyFormat

VERSION = "text-3"
LINK = "[link]"
# What stands where a link or personal data was.
PLACEHOLDER = re.compile(r"\[(?:link|email|phone|nik|card|iban|ip|handle|address|key|name)\]")

_DROPPED = {"script", "style", "pre", "blockquote", "aside", "svg", "head", "template", "noscript", "iframe"}
_BREAKING = {"p", "div", "br", "li", "ul", "ol", "tr", "table", "section", "article", "hr", "dd", "dt", "details"} | {
    f"h{level}" for level in range(1, 7)
}

_TAG = re.compile(r"</?(?:p|div|br|a|b|i|em|strong|code|pre|blockquote|ul|ol|li|img|span|h[1-6]|details|summary|kbd|sub|sup|table|tr|td|hr)\b[^<>]{0,2000}>", re.IGNORECASE)  # fmt: skip # noqa: E501
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t]{0,3}(```+|~~~+)[^\n]*\n.*?(?:^[ \t]{0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CHAT_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_BBCODE = re.compile(r"\[(quote|code)\b[^\]]{0,300}\].*?(?:\[/\1\]|\Z)", re.DOTALL | re.IGNORECASE)
_BBTAG = re.compile(r"\[/?(?:b|i|u|s|url|img|size|color|list|quote|code|spoiler|\*)(?:=[^\]]{0,300})?\]", re.IGNORECASE)
_QUOTED = re.compile(r"^[ \t]{0,3}(?:>|&gt;)[^\n]*$", re.MULTILINE)
_REPLY_HEADER = re.compile(
    r"^(?:On .{5,200} wrote:|Pada .{5,200} (?:menulis|wrote):|.{2,120} (?:said|wrote|menulis):)[ \t]*$"
    r"(?=(?:\s*^[ \t]{0,3}>)|\s*\Z)",
    re.MULTILINE,
)
# Exports of chats flatten what is quoted; who is quoted is no word of the post.
_WHO_SAID = re.compile(r"^(?:[A-Z\u00c0-\u00de][\w.'-]{0,30} ){1,4}(?:said|wrote|menulis) ?:[ \t]*$", re.MULTILINE)
# What programs call a picture that is pasted.
_PICTURE = re.compile(
    r"\b(?:image|img|pasted|screen ?shot|bildschirmfoto|tangkapan ?layar)"
    r"[^\n\[\]]{0,60}?\.(?:png|jpe?g|gif|webp|heic)\b",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"^-{2,} ?(?:Original Message|Forwarded message|Pesan Asli) ?-{2,}.*\Z", re.DOTALL | re.MULTILINE
)
_SIGNATURE = re.compile(
    r"^--[ \t]?\n(?:[^\n]*\n?){1,12}\Z|^(?:Sent from my |Dikirim dari )[^\n]{0,60}\s*\Z", re.MULTILINE
)

_IMAGE = re.compile(r"!\[([^\]\n]{0,300})\]\([^()\s]{0,2000}(?:\s+\"[^\"\n]*\")?\)")
_ANCHOR = re.compile(r"\[([^\[\]\n]{1,300})\]\(([^()\s]{0,2000})(?:\s+\"[^\"\n]*\")?\)")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+|[ \t]+#+[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]{0,3}(?:[-*_=][ \t]*){3,}$", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t]*:?-*:?[ \t]*$", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|~~)(?=\S)([^*~\n]{1,400}?)(?<=\S)\1(?![\w*])")
_UNDERLINE = re.compile(r"(?<![\w_])(_{1,2})(?=\S)([^_\n]{1,400}?)(?<=\S)\1(?![\w_])")
_INLINE_CODE = re.compile(r"(`+)([^`\n]{1,200})\1")
_SHORTCODE = re.compile(r"(?<![\w:]):([a-z][a-z0-9_+-]{1,30}):(?![\w:])")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!>~|])")

_URL = re.compile(
    r"<?\b(?:(?:https?|ftp)://|www\.)[^\s<>\"'\u201d\u2019]{2,2000}>?"
    r"|(?<![\w@.])(?:[a-z0-9-]{2,40}\.){1,3}(?:com|org|net|io|dev|app|id|co\.id|me|ly|gg|xyz|info)/[^\s<>\"']{1,500}",
    re.IGNORECASE,
)
_URL_TAIL = ".,;:!?)]}*_'\""
# Letters in disguise (full width, mathematical, enclosed), read as the letters they stand for.
_DISGUISED = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff\u2460-\u24ff]+")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\u202a-\u202e\u2066-\u2069]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\s*\n\s*")


def clean(body: str, *, body_format: BodyFormat = "text") -> str:
    """Return the words of a post, one line a paragraph, addresses of pages as `[link]`."""
    text = _letters(body.replace("\r\n", "\n").replace("\r", "\n"))
    if body_format == "html":
        text = _from_html(text)
    text = _without_quotes_and_code(text)
    if body_format == "markdown":
        text = _from_markdown(text)
    elif body_format == "text" and "&" in text:
        text = _letters(html.unescape(text))
    text = _BBTAG.sub(" ", _SHORTCODE.sub(" ", text))
    text = _PICTURE.sub(" ", _URL.sub(_link, text))
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def clean_title(title: str) -> str:
    """Return a title as one plain line."""
    return clean(title).replace("\n", " ")


def excerpt(text: str, limit: int) -> str:
    """Return the first `limit` characters as one line, cut at the end of a word."""
    line = _SPACES.sub(" ", text.replace("\n", " ")).strip()
    if len(line) <= limit:
        return line
    cut = line.rfind(" ", 0, limit + 1)
    return line[: cut if cut > limit // 2 else limit].rstrip()


def _letters(text: str) -> str:
    """Return composed letters without controls and invisible marks; letters in disguise become plain ones."""
    text = _CONTROL.sub(" ", text)
    if not text.isascii():
        text = _DISGUISED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), _INVISIBLE.sub("", text))
        text = unicodedata.normalize("NFC", text)
    return text


def _without_quotes_and_code(text: str) -> str:
    if "[" in text:
        text = _BBCODE.sub("\n", text)
    if "`" in text or "~~~" in text:
        text = _CHAT_FENCE.sub("\n", _FENCE.sub("\n", text))
    if ":" in text:
        text = _WHO_SAID.sub("", _REPLY_HEADER.sub("", text))
    if ">" in text or "&gt;" in text:
        text = _QUOTED.sub("", text)
    if "-" in text or "Sent from" in text or "Dikirim dari" in text:
        text = _SIGNATURE.sub("", _ORIGINAL.sub("", text))
    return text


def _from_markdown(text: str) -> str:
    text = _COMMENT.sub(" ", text)
    if "<" in text and _TAG.search(text):
        text = _from_html(text)
    elif "&" in text:
        text = _letters(html.unescape(text))
    for pattern in (_TABLE_RULE, _RULE, _HEADING, _BULLET):
        text = pattern.sub("", text)
    text = _IMAGE.sub(" ", text)
    text = _ANCHOR.sub(r"\1", text)
    text = _INLINE_CODE.sub(r"\2", text)
    for _ in range(2):
        text = _UNDERLINE.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    return _ESCAPE.sub(r"\1", text.replace("|", " ") if text.count("|") > 3 else text)


def _link(found: re.Match[str]) -> str:
    """Return the placeholder, and the sentence's own punctuation that clung to the address."""
    address = found[0].removesuffix(">")
    tail = address[len(address.rstrip(_URL_TAIL)) :]
    return f"{LINK}{tail}"


# A browser shows nothing of it, and the standard library's parser stumbles over some.
_MARKED_SECTION = re.compile(r"<!\[[^>]*>?")


def _from_html(text: str) -> str:
    reader = _Reader()
    reader.feed(_MARKED_SECTION.sub("", text))
    reader.close()
    return _letters("".join(reader.pieces))


class _Reader(HTMLParser):
    """Collects what a reader of the page would read as the author's own words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._hidden.append(tag)
        if tag == "img" and not self._hidden:
            alternative = dict(attrs).get("alt") or ""
            self.pieces.append(f" {alternative} " if len(alternative) <= 4 else " ")
        if tag in _BREAKING:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            # An unclosed inner tag ends with its outer one.
            del self._hidden[len(self._hidden) - 1 - self._hidden[::-1].index(tag) :]
        if tag in _BREAKING or tag in _DROPPED:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)
