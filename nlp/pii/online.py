"""E-mail addresses, handles, network addresses and secret keys, with the ways in which people write them out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from kernel.model import PiiSpan
from nlp.words import STOP, words_of

_MAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@(?P<host>(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}\b)")
# "git@github.com:acme/tools" is a place of programs.
_NO_MAIL = re.compile(r"(?:git|hg|svn)@[\w.-]+:[\w~/]")
# "logo@2x.png" and "pkg@1.2.dev" name files and versions.
_NO_HOST = re.compile(
    r"\d+x\.\w+|(?:\d+\.){2,}\w+|.*\.(?:png|jpe?g|gif|webp|svg|js|ts|css|html|json|ya?ml|xml|apk|dex|onnx|zip)",
    re.IGNORECASE,
)

_BRACKETED = r" ?[\[({{<] ?(?:{}) ?[\])}}>] ?"
_AT = rf"(?:{_BRACKETED.format('at|et|@')}| @ | at )"
_DOT = rf"(?:\.|{_BRACKETED.format('dot|titik|[.]')}| (?:dot|titik) )"
_WRITTEN_MAIL = re.compile(
    rf"(?<![\w.+%-])(?P<user>[\w+%-]+(?:{_DOT}[\w+%-]+){{0,3}})(?P<at>{_AT})"
    rf"(?P<host>[\w-]+(?:{_DOT}[\w-]+){{0,3}}{_DOT}[a-z]{{2,12}})\b",
    re.IGNORECASE,
)
_WRITTEN_HINT = re.compile(r"[\[({<] ?(?:at|et|@) ?[\])}>]| @ | at [^\n]{1,40}?(?:\.|dot|titik)", re.IGNORECASE)
_PROVIDER = re.compile(
    r"(?:gmail|googlemail|yahoo|ymail|outlook|hotmail|live|msn|icloud|proton|protonmail|aol|gmx)\b", re.IGNORECASE
)
_MAIL_CUE = re.compile(
    r"(?:e-?mail|surel|mailto)\b[ :]{1,3}(?:(?:me|saya|is|at|di|ke|to)[ :]{1,2}){0,2}\Z", re.IGNORECASE
)
# "look at", "my account at": the word before tells nobody's name.
_NO_USER = re.compile(
    r"(?:look|star|arriv|work|meet|met|stay|aim|host|locat|liv|register)(?:s|e|ed|ing)?"
    r"|(?:e?mail|account|address|inbox)(?:s|es)?",
    re.IGNORECASE,
)

# Behind "]" as behind a letter: a placeholder stands there once what was before the sign is masked.
_HANDLE = re.compile(r"(?<![\w@/.\[\]\\])@(?P<name>\w++(?:[.-]\w++)*+)(?:#\d{4})?(?![/(=@\[\]{}])")
# "@2x", "@10.5", "@5pm": no account.
_AMOUNT = re.compile(r"[\d._-]+[a-z]{0,3}", re.IGNORECASE)
_ENDINGS = (".com", ".org", ".net", ".io", ".dev")
# "instagram: rina_w": without its sign, only what no word looks like is an account, or what stands alone after "IG:".
_NAMED_HANDLE = re.compile(
    r"\b(?:ig|insta(?:gram)?|twitter|telegram|tele|tiktok|discord|snapchat|line id|id line)\b"
    r"(?: (?:saya|aku|gw|id|me|is))?(?: ?[:=] ?| )"
    r"(?P<handle>(?=[a-z.]{1,20}[_\d]|[a-z]{3,20}\.[a-z]{3,20}_?\b)[a-z][\w.]{3,29}(?<!\.)(?:#\d{4})?)(?![\w/])"
    r"|\b(?:ig|insta(?:gram)?|id line|line id|tele(?:gram)?|tiktok) ?: ?(?P<alone>[a-z]{6,30})"
    r"(?=[ ]?(?:[\n,;)]|\Z|(?-i: [A-Z])))",
    re.IGNORECASE,
)
_NETWORKS = ("ig", "insta", "twitter", "tele", "tiktok", "discord", "snapchat", "line id", "id line")
# What stands after the sign in programs and style sheets, and whole groups of people.
_NO_HANDLES = words_of("after_at")

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d|-\w)")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{1,4}(?![\w:])", re.IGNORECASE)
_NO_IP_BEFORE = re.compile(
    r"(?:\bv|version|versi|ver|build|release|rilis|update|driver|kernel|section|chapter|bagian|bab)[ .:\"'(]*\Z"
    r"|\w[/-]\Z|==\Z",
    re.IGNORECASE,
)
_IP_CUE = re.compile(
    r"\b(?:ip|host|ping|ssh|server|address|alamat|login|client|from|dari|blocked|diblokir|banned)\b"
    r"[^\w\n]*(?:\w+\W{1,2})?\Z",
    re.IGNORECASE,
)
# Versions of programs have small first numbers.
_LEAST_FIRST = 24
_LONG_REST = 7

_KNOWN_KEY = re.compile(
    r"(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|(?:sk|pk|rk)(?:_live_|_test_|[-_](?=[\w-]{0,40}\d))[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}\b|AIza[\w-]{30,}|glpat-[\w-]{20,}|eyJ[\w-]{10,}(?:\.[\w-]{10,}){1,2})"
)
_KEY = re.compile(r"[A-Za-z0-9_-]{20,}+")
_LEAST_KEY, _MOST_KEY = 28, 200
# Where small letters, capitals and digits meet: more than half of the places in random keys, and few in joined words.
_MEETING = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")
_LEAST_MEETINGS = 0.4
# Names that compilers make of functions.
_MANGLED = re.compile(r"(?:^|_)_?_?Z(?:N|T|L|G|\d)|_imp__")


def find(text: str, lowered: str) -> Iterator[PiiSpan]:
    """Return what leads to an account or a machine; spans may overlap."""
    if "@" in text:
        yield from (
            PiiSpan("email", *found.span())
            for found in _MAIL.finditer(text)
            if not _NO_HOST.fullmatch(found["host"]) and not _NO_MAIL.match(text, found.start())
        )
        yield from (PiiSpan("handle", *found.span()) for found in _HANDLE.finditer(text) if _is_handle(found["name"]))
    if _WRITTEN_HINT.search(text):
        yield from _written_mails(text)
    if any(network in lowered for network in _NETWORKS):
        yield from (
            PiiSpan("handle", *found.span(found.lastgroup or 0))
            for found in _NAMED_HANDLE.finditer(text)
            if (found["alone"] or "").lower() not in STOP
        )
    for found in _KEY.finditer(text):
        known = _KNOWN_KEY.match(text, found.start())
        if known or _is_key(found[0]):
            yield PiiSpan("key", found.start(), max(found.end(), known.end() if known else 0))
    if text.count(".") > 2:
        yield from (PiiSpan("ip", *found.span()) for found in _IPV4.finditer(text) if _is_ipv4(text, found))
    if "::" in text or text.count(":") > 6:
        yield from (PiiSpan("ip", *found.span()) for found in _IPV6.finditer(text) if _is_global(found[0]))


def _written_mails(text: str) -> Iterator[PiiSpan]:
    place = 0
    while found := _WRITTEN_MAIL.search(text, place):
        is_mail = _is_written_mail(text, found)
        if is_mail:
            yield PiiSpan("email", *found.span())
        # "contact me at budi [at] gmail.com": what is no address may hide the start of one.
        place = found.end() if is_mail else found.end("user")


def _is_written_mail(text: str, found: re.Match[str]) -> bool:
    """Accept "budi at gmail dot com" and leave "look at github.com": a word for the sign needs another clue."""
    user, at = found["user"].lower(), found["at"].strip().lower()
    if at not in ("at", "@"):
        return True
    if user in STOP or _NO_USER.fullmatch(user):
        return False
    if _PROVIDER.match(found["host"]):
        return True
    is_spelled = "." not in found["host"] and re.search(r"[\d._]", user)
    return bool(is_spelled or _MAIL_CUE.search(text, max(0, found.start() - 40), found.start()))


def _is_handle(name: str) -> bool:
    return (
        len(name) > 1
        and not _AMOUNT.fullmatch(name)
        and not name.endswith(_ENDINGS)
        and re.split(r"[.-]", name.lower())[0] not in _NO_HANDLES
    )


def _is_ipv4(text: str, found: re.Match[str]) -> bool:
    """Accept addresses that can lead to someone; private ones and versions of programs do not."""
    if not _is_global(found[0]):
        return False
    start = found.start()
    if _IP_CUE.search(text, max(0, start - 24), start):
        return True
    first, _, rest = found[0].partition(".")
    if _NO_IP_BEFORE.search(text, max(0, start - 12), start) or rest == "0.0.0":
        return False
    return int(first) >= _LEAST_FIRST or len(rest.replace(".", "")) >= _LONG_REST


def _is_global(written: str) -> bool:
    try:
        return ipaddress.ip_address(written).is_global
    except ValueError:
        return False


def _is_key(written: str) -> bool:
    """Accept letters of both sizes with digits among them; hashes and ids of builds are of one size and no secret."""
    if (
        not _LEAST_KEY <= len(written) <= _MOST_KEY
        or written.islower()
        or written.isupper()
        or not any(map(str.isdigit, written))
    ):
        return False
    return len(_MEETING.findall(written)) >= _LEAST_MEETINGS * len(written) and not _MANGLED.search(written)
