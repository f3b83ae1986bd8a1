"""What others do about posts: reactions, solved threads, moderators' decisions; and what accounts do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from streams.events import Decision, MemberState, Reaction, ReactionAdded, ReactionRemoved, ThreadState
from suara.demo.history import Ending, Placed, Scene, Told, author_of
from suara.demo.people import Person

_REACTIONS = {"forum": 0.9, "chat": 0.5, "reviews": 0.2}
_LIKED = {"answer": 2.0, "welcome": 1.5, "copy": 0.5, "staff": 1.3}
_WORDS = {"negative": ("agree", "agree", "like"), "positive": ("like", "thanks"), "neutral": ("like", "agree")}
_TAKEN_BACK = 0.05
_SOLVED = 0.85
_FALSE_ALARMS = 0.008
_RENAMED, _OPTED_OUT = 0.02, 0.012

Act = Literal["keep", "hide", "remove", "warn"]


def reactions(scene: Scene, post: Placed) -> Told:
    """Return the reactions to one post, some of them taken back."""
    draft, lots, told = post.draft, scene.lots, []
    if draft.spam or draft.part == "bot":
        return []
    usual = _REACTIONS[draft.source] * _LIKED.get(draft.part, 1.0)
    seen = {draft.by.key}
    while len(seen) < 25 and lots.random() < usual / (1 + usual):
        at = draft.at + timedelta(minutes=3 + 200 * lots.expovariate(1))
        week = scene.plot.week_of(at)
        if week >= scene.plot.weeks:
            break
        by = scene.cast.draw(lots, source=draft.source, week=week)
        if by.key in seen:
            continue
        seen.add(by.key)
        told += _react(scene, post, by, at)
    return told


def solved(scene: Scene, placed: Sequence[Placed]) -> Told:
    """Return the threads whose starter marked the answer that helped, when they said thanks."""
    told = []
    by_id = {post.post_id: post for post in placed}
    done: set[str] = set()
    for post in placed:
        answer = by_id.get(post.parent_id or "")
        if post.draft.source != "forum" or post.draft.part != "thanks" or answer is None:
            continue
        if answer.draft.part not in ("answer", "staff") or post.thread_id in done or scene.lots.random() > _SOLVED:
            continue
        done.add(post.thread_id)
        at = post.draft.at + timedelta(seconds=40)
        state = ThreadState(
            thread_id=post.thread_id,
            version=1,
            status="solved",
            solved_post_id=answer.post_id,
            category="Help and ideas",
        )
        told.append((at, scene.makers["forum"].thread(state, at=at)))
    return told


def decisions(scene: Scene, placed: Sequence[Placed], endings: Mapping[str, Ending]) -> Told:
    """Return what moderators and rules decided: about spam, rude replies, and a few posts flagged in error."""
    told = []
    for post in placed:
        draft, lots = post.draft, scene.lots
        gone = endings[post.post_id].gone
        if draft.spam and gone is not None:
            told += _decide(scene, post, "remove", gone, reason="spam", human=lots.random() < 0.4)
        elif draft.words.subject == "rude":
            act: Act = lots.choices(("warn", "hide", "keep"), weights=(50, 30, 20))[0]
            at = draft.at + timedelta(minutes=lots.uniform(8, 900))
            told += _decide(scene, post, act, at, reason="be kind", human=True)
        elif draft.part == "start" and draft.words.theme and lots.random() < _FALSE_ALARMS:
            at = draft.at + timedelta(minutes=lots.uniform(5, 600))
            hidden = lots.random() < 0.5
            told += _decide(scene, post, "hide" if hidden else "keep", at, reason="looks like spam", human=not hidden)
            if hidden and lots.random() < 0.6:
                told += _appeal(scene, post, at + timedelta(hours=lots.uniform(2, 70)))
    return told


def accounts(scene: Scene, placed: Sequence[Placed]) -> Told:
    """Return what sources say of the accounts that write: their profile, some new names, some who opt out."""
    told: Told = []
    seen: set[tuple[str, str]] = set()
    for post in placed:
        by, source = post.draft.by, post.draft.source
        account = by.accounts[source]
        if (source, account) in seen:
            continue
        seen.add((source, account))
        first = post.draft.at - timedelta(seconds=5)
        known = by.joined < 0 and by.kind != "spammer"
        joined = first - timedelta(
            days=scene.lots.randrange(20, 900) if known else 0, minutes=scene.lots.randrange(5, 300)
        )
        state = MemberState(member_id=account, version=0, display_name=by.name, role=by.role, joined_at=joined)
        told.append((first, scene.makers[source].member(state, at=first)))
        told += _profile(scene, by, source, state, first)
    return told


def _react(scene: Scene, post: Placed, by: Person, at: datetime) -> Told:
    draft, maker = post.draft, scene.makers[post.draft.source]
    told: Told = []
    kind = scene.lots.choice(_WORDS[draft.words.sentiment or "neutral"])

    def reaction(version: int) -> Reaction:
        return Reaction(
            post_id=post.post_id,
            thread_id=post.thread_id,
            member=author_of(by, draft.source),
            kind=kind,
            version=version,
        )

    told.append((at, maker.reaction(ReactionAdded, reaction(0), at=at)))
    back = at + timedelta(minutes=scene.lots.uniform(0.2, 60))
    if scene.lots.random() < _TAKEN_BACK and back < scene.until:
        told.append((back, maker.reaction(ReactionRemoved, reaction(1), at=back)))
    return told


def _decide(scene: Scene, post: Placed, action: Act, at: datetime, *, reason: str, human: bool) -> Told:
    if at >= scene.until:
        return []
    flagged = at - (at - post.draft.at) * scene.lots.uniform(0.2, 0.9)
    decision = Decision(
        decision_id=f"d-{post.post_id}", post_id=post.post_id, thread_id=post.thread_id, version=0, action=action,
        decided_by="human" if human else "rule", decided_at=at, flagged_at=flagged, reason_code=reason,
        policy_ref="values/kind" if reason == "be kind" else "rules/spam",
    )  # fmt: skip
    return [(at, scene.makers[post.draft.source].decision(decision))]


def _appeal(scene: Scene, post: Placed, at: datetime) -> Told:
    if at >= scene.until:
        return []
    decision = Decision(
        decision_id=f"d-{post.post_id}-appeal", post_id=post.post_id, thread_id=post.thread_id, version=0,
        action="restore", decided_by="human", decided_at=at, reason_code="appeal upheld", appeal_of=f"d-{post.post_id}",
    )  # fmt: skip
    return [(at, scene.makers[post.draft.source].decision(decision))]


def _profile(scene: Scene, by: Person, source: str, state: MemberState, first: datetime) -> Told:
    at = first + timedelta(days=scene.lots.uniform(0.5, 20))
    chance = scene.lots.random()
    if by.kind != "member" or chance > _RENAMED + _OPTED_OUT or at >= scene.until:
        return []
    changed = MemberState(
        member_id=state.member_id, version=1, role=state.role, joined_at=state.joined_at,
        display_name=f"{by.name} ✨" if chance < _RENAMED else by.name, opted_out=chance >= _RENAMED,
    )  # fmt: skip
    return [(at, scene.makers[source].member(changed, at=at))]
