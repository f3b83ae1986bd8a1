"""Compares what the warehouse holds with what is true, and says so as n of N: nothing rounded up, nothing left out.

Posts of staff and programs are not graded on what was understood of them; spam is, where a line says so. A post on
which a careful reader might doubt has no truth and is in no count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from suara.demo.findings import Finding, Findings, read_findings
from suara.demo.themes import ThemeGrade, grade_themes
from suara.demo.truth import PostTruth, Truth

_COPY_WORDS = 4
_MASKS = tuple(f"[{kind}]" for kind in ("email", "phone", "nik", "card", "iban", "ip", "key", "address"))

Pair = tuple[PostTruth, Finding]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was graded: right in `n` of `total`."""

    key: str
    label: str
    n: int
    total: int
    note: str = ""


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """The grade of one run of the demo."""

    seed: int
    product: str
    lines: tuple[Line, ...]
    themes: tuple[ThemeGrade, ...]


def grade(truth: Truth, warehouse_url: str) -> Grade:
    """Grade the warehouse at `warehouse_url` against the truth of the community that was sent to it."""
    return compare(truth, read_findings(warehouse_url))


def compare(truth: Truth, found: Findings) -> Grade:
    """Compare what was found with what is true."""
    themes, theme_lines = grade_themes(truth, found)
    lines = [
        *_arrived(truth, found),
        *_understood(truth, found),
        *(Line(key=key, label=label, n=n, total=total, note=note) for key, label, n, total, note in theme_lines),
    ]
    return Grade(seed=truth.seed, product=truth.product, lines=tuple(lines), themes=tuple(themes))


def to_json(graded: Grade) -> bytes:
    """Return the grade as JSON, the same bytes for the same grade."""
    return msgspec.json.format(msgspec.json.encode(graded), indent=2) + b"\n"


def _arrived(truth: Truth, found: Findings) -> list[Line]:
    """Grade what the stream and the warehouse carried: events, versions, reactions, decisions, people, answers."""
    held = found.posts
    same = sum(
        (finding := held.get((post.source, post.post_id))) is not None
        and (finding.version, finding.status) == (post.version, post.status)
        for post in truth.posts
    )
    people, all_people = _people(truth, found)
    threads = [thread for thread in truth.threads if thread.is_counted]
    answers = sum(found.answered.get((thread.source, thread.thread_id)) is thread.answered for thread in threads)
    note = f"{found.accepted:,} accepted, {found.rejected:,} rejected"
    return [
        _line("events", "events accounted for", found.accepted + found.rejected, truth.events, note),
        _line("posts", "posts as they stand now", same, len(truth.posts), "version, edits, deletions"),
        _line("reactions", "reactions", found.reactions, truth.reactions),
        _line("decisions", "moderators' decisions", found.decisions, truth.decisions),
        _line("people", "accounts, week by week", people, all_people, "not yet linked to people"),
        _line("answers", "threads answered or waiting", answers, len(threads)),
    ]


def _people(truth: Truth, found: Findings) -> tuple[int, int]:
    told: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for post in truth.posts:
        if post.is_counted and post.status == "live":
            told[post.week].add((post.source, post.account))
    weeks = range(truth.weeks)
    counted = {week: found.people.get((truth.first.toordinal() + 7 * week), set()) for week in weeks}
    return sum(len(told[w] & counted[w]) for w in weeks), sum(len(told[w] | counted[w]) for w in weeks)


def _understood(truth: Truth, found: Findings) -> list[Line]:
    """Grade what the text steps made of posts."""
    live = [
        (post, finding)
        for post in truth.posts
        if post.status == "live"
        and post.role in ("member", "moderator")
        and (finding := found.posts.get((post.source, post.post_id))) is not None
    ]
    community = [pair for pair in live if not pair[0].spam]
    return [
        *_language(community),
        _judged("sentiment", "sentiment", [(post.sentiment, finding.sentiment) for post, finding in community]),
        _judged("type", "feedback type", [(post.feedback_type, finding.feedback_type) for post, finding in community]),
        *_duplicates(community),
        *_spam(live),
        *_personal(community),
    ]


def _language(pairs: Sequence[Pair]) -> list[Line]:
    def right(post: PostTruth, finding: Finding) -> bool:
        if post.language in ("en", "id", "und"):
            return finding.language == post.language
        return finding.language not in ("en", "id", "und", None)

    plain = [right(*pair) for pair in pairs if not pair[0].mixed]
    mixed = [right(*pair) for pair in pairs if pair[0].mixed]
    return [
        _line("language", "language", sum(plain), len(plain)),
        _line("language_mixed", "main language of mixed posts", sum(mixed), len(mixed)),
    ]


def _judged(key: str, label: str, verdicts: Iterable[tuple[str | None, str | None]]) -> Line:
    """Grade verdicts (true, found) on posts that have a truth; abstaining is not an error, and is said."""
    told = [(true, found) for true, found in verdicts if true is not None]
    decided = [(true, found) for true, found in told if found is not None]
    note = f"{len(told) - len(decided):,} left open"
    return _line(key, label, sum(true == found for true, found in decided), len(decided), note)


def _duplicates(pairs: Sequence[Pair]) -> list[Line]:
    """Grade copies of at least four words: those found that are copies, and copies after the first that were found."""
    long = [pair for pair in pairs if pair[0].words >= _COPY_WORDS]
    group_of: dict[int | None, str | None] = {finding.key: post.group for post, finding in long}
    claimed = [(post, finding) for post, finding in long if finding.duplicate_of is not None]
    right = sum(
        post.group is not None and group_of.get(finding.duplicate_of) == post.group for post, finding in claimed
    )
    firsts: set[str] = set()
    copies = caught = 0
    for post, finding in sorted(long, key=lambda pair: (pair[0].at, pair[0].post_id)):
        if post.group is None:
            continue
        if post.group in firsts:
            copies += 1
            caught += finding.duplicate_of is not None
        firsts.add(post.group)
    return [
        _line("duplicates_precision", "copies found that are copies", right, len(claimed)),
        _line("duplicates_recall", "copies that were found", caught, copies),
    ]


def _spam(pairs: Sequence[Pair]) -> list[Line]:
    claimed = [post.spam for post, finding in pairs if finding.is_spam]
    caught = [finding.is_spam for post, finding in pairs if post.spam]
    return [
        _line("spam_precision", "spam found that is spam", sum(claimed), len(claimed)),
        _line("spam_recall", "spam that was found", sum(caught), len(caught)),
    ]


def _personal(pairs: Sequence[Pair]) -> list[Line]:
    """Grade masking; a post that was never read is neither masked nor clean."""
    read = [(post, finding.masked) for post, finding in pairs]
    planted = [text is not None and _bare(value) not in _bare(text) for post, text in read for value in post.pii]
    clean = [text is not None and not any(mask in text for mask in _MASKS) for post, text in read if not post.pii]
    return [
        _line("pii", "personal data masked", sum(planted), len(planted)),
        _line("pii_clean", "other posts left unmasked", sum(clean), len(clean)),
    ]


def _bare(text: str) -> str:
    """Return letters and digits alone, so that no spelling of a number hides it."""
    return "".join(character for character in text.lower() if character.isalnum())


def _line(key: str, label: str, n: int, total: int, note: str = "") -> Line:
    return Line(key=key, label=label, n=n, total=total, note=note)


def by_key(graded: Grade) -> Mapping[str, Line]:
    """Return the lines by their keys."""
    return {line.key: line for line in graded.lines}


def shapes_found(graded: Grade) -> Counter[str]:
    """Return how many themes of each course were found."""
    return Counter(theme.shape for theme in graded.themes if theme.is_found)
