"""Valid histories of a small community, drawn by hypothesis: few ids and few instants, so that everything collides."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from streams.events import (
    Author,
    Decision,
    Event,
    Maker,
    MemberState,
    PostCreated,
    PostEdited,
    PostRef,
    PostRestored,
    PostState,
    Reaction,
    ReactionAdded,
    ReactionRemoved,
    ThreadState,
)

BODIES = ("the app is slow today", "aplikasinya lambat lagi", "thank you for the fix", "how do I export my notes?")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)

instants = st.integers(0, 4).map(lambda hours: START + timedelta(hours=hours))
words = st.sampled_from(
    ["the app is slow", "aplikasinya lambat sekali", "thanks!", "", "a\tb\nc", "\U0001f600 \u202e x"]
)
maybe_words = st.none() | words
threads = st.sampled_from(["t1", "t2", "t3"])
members = st.sampled_from(["ana", "budi", "citra"])
posts = st.sampled_from(["p1", "p2", "p3", "p4"])
roles = st.sampled_from(["member", "moderator", "staff"])
authors = st.builds(Author, id=members, display_name=st.none() | st.sampled_from(["Ana", "Budi"]), role=roles)
labels = st.sampled_from(["general", "billing"])

states: dict[str, st.SearchStrategy[Any]] = {
    "thread_id": threads,
    "author": authors,
    "created_at": instants,
    "is_thread_start": st.booleans(),
    "body": words,
    "title": maybe_words,
    "thread_title": maybe_words,
    "category": st.none() | labels,
    "tags": st.lists(labels, max_size=2).map(tuple),
    "edited_at": st.none() | instants,
    "parent_post_id": st.none() | posts,
    "rating": st.none() | st.integers(1, 5),
    "reaction_counts": st.dictionaries(st.sampled_from(["like", "thanks"]), st.integers(0, 9)),
}


@st.composite
def histories(draw: st.DrawFn, *, instance: str = "village") -> list[Event]:
    """Draw every change of a few posts, reactions, threads, members and decisions, versions growing with each."""
    maker = Maker(kind="forum", instance=instance)
    events: list[Event] = []
    for post in draw(st.lists(posts, unique=True, min_size=3, max_size=4)):
        events += [_change_of_post(draw, maker, post, version) for version in draw(versions())]
    for post, member, kind in draw(st.lists(st.tuples(posts, members, labels), unique=True, min_size=2, max_size=3)):
        events += [_change_of_reaction(draw, maker, post, member, kind, version) for version in draw(versions())]
    for thread in draw(st.lists(threads, unique=True, min_size=1, max_size=2)):
        events += [
            maker.thread(draw(_thread_states(thread, version)), at=draw(instants)) for version in draw(versions())
        ]
    for member in draw(st.lists(members, unique=True, max_size=2)):
        events += [
            maker.member(draw(_member_states(member, version)), at=draw(instants)) for version in draw(versions())
        ]
    for decision in draw(st.lists(st.sampled_from(["d1", "d2"]), unique=True)):
        events += [maker.decision(draw(_decisions(decision, version))) for version in draw(versions())]
    return events


@st.composite
def arrivals_of(draw: st.DrawFn, history: list[Event]) -> list[list[Event]]:
    """Draw how a history may arrive: in any order, some events again and again, cut into batches anywhere."""
    again = draw(st.lists(st.sampled_from(history), max_size=5)) if history else []
    events = draw(st.permutations(history + again))
    cuts = sorted(draw(st.sets(st.integers(0, len(events)), max_size=12)) | {0, len(events)})
    return [events[first:last] for first, last in pairwise(cuts)]


def versions() -> st.SearchStrategy[list[int]]:
    """Return versions of one object: each once, not always without holes."""
    return st.lists(st.integers(0, 50), unique=True, min_size=2, max_size=4)


def _change_of_post(draw: st.DrawFn, maker: Maker, post: str, version: int) -> Event:
    state = PostState(post_id=post, version=version, **{name: draw(values) for name, values in states.items()})
    kind = draw(st.sampled_from([PostCreated, PostEdited, PostRestored, None]))
    if kind is not None:
        return maker.post(kind, state, at=draw(instants))
    ref = {name: getattr(state, name) for name in PostRef.__struct_fields__}
    return maker.deleted(PostRef(**ref), at=draw(instants))


def _change_of_reaction(draw: st.DrawFn, maker: Maker, post: str, member: str, kind: str, version: int) -> Event:
    author = Author(id=member, display_name=draw(st.none() | st.just("Reacting")))
    reaction = Reaction(post_id=post, thread_id="t1", member=author, kind=kind, version=version)
    return maker.reaction(draw(st.sampled_from([ReactionAdded, ReactionRemoved])), reaction, at=draw(instants))


def _thread_states(thread: str, version: int) -> st.SearchStrategy[ThreadState]:
    return st.builds(
        ThreadState, thread_id=st.just(thread), version=st.just(version), status=st.sampled_from(["open", "solved"]),
        title=maybe_words, category=st.none() | labels, solved_post_id=st.none() | posts,
    )  # fmt: skip


def _member_states(member: str, version: int) -> st.SearchStrategy[MemberState]:
    return st.builds(
        MemberState, member_id=st.just(member), version=st.just(version), display_name=st.none() | st.just("Ana M."),
        role=roles, joined_at=st.none() | instants, opted_out=st.booleans(),
    )  # fmt: skip


def _decisions(decision: str, version: int) -> st.SearchStrategy[Decision]:
    return st.builds(
        Decision, decision_id=st.just(decision), version=st.just(version), post_id=posts, thread_id=threads,
        action=st.sampled_from(["keep", "hide", "remove"]), decided_by=st.sampled_from(["human", "rule"]),
        decided_at=instants, reason_code=st.none() | labels, policy_ref=st.none() | labels,
    )  # fmt: skip


def town(*, seed: int, changes: int, instance: str = "town") -> list[Event]:
    """Return a larger valid history in time order, from a seed: posts by a few dozen people, edited, moved, deleted."""
    chance, maker = random.Random(seed), Maker(kind="forum", instance=instance)  # noqa: S311
    events: list[Event] = []
    latest: dict[str, int] = {}
    for number in range(changes):
        at = START + timedelta(minutes=number)
        post = f"p{chance.randrange(changes // 2)}"
        version = latest[post] = latest.get(post, 0) + 1
        author = Author(id=f"m{hash_of(post) % 40}", display_name=f"Member {hash_of(post) % 40}")
        state = PostState(
            post_id=post, thread_id=f"t{(hash_of(post) + (chance.random() < 0.05)) % 60}", author=author,
            created_at=START, version=version, body=f"{chance.choice(BODIES)} ({number})",
            category=chance.choice([None, "general"]),
        )  # fmt: skip
        if version > 1 and chance.random() < 0.2:
            ref = {name: getattr(state, name) for name in PostRef.__struct_fields__}
            events.append(maker.deleted(PostRef(**ref), at=at))
        else:
            events.append(maker.post(PostCreated if version == 1 else PostEdited, state, at=at))
        if chance.random() < 0.2:
            liked = Reaction(
                post_id=post, thread_id=state.thread_id, member=Author(id="m1"), kind="like", version=number
            )
            events.append(maker.reaction(ReactionAdded, liked, at=at))
    return events


def shuffled(events: list[Event], *, seed: int) -> list[Event]:
    """Return events with a tenth of them twice and a tenth of them late."""
    chance = random.Random(seed)  # noqa: S311
    late = chance.sample(events, len(events) // 10)
    moved = {id(event) for event in late}
    return [event for event in events if id(event) not in moved] + late + chance.sample(events, len(events) // 10)


def hash_of(name: str) -> int:
    """Return a number that is the same in every process."""
    return int(name[1:]) * 7919
