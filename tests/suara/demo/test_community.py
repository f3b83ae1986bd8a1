"""The generated community: the same for the same seed, valid to the last event, and in accord with its truth."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from kernel.community import read_community
from kernel.errors import InputError
from streams.events import (
    Decision,
    Event,
    MemberState,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostRestored,
    Reaction,
    ThreadState,
    encode,
)
from suara.demo.community import Community, generate
from suara.demo.truth import PostTruth
from tests.suara.demo.made import made

_PRINT = """
import hashlib, msgspec
from streams.events import encode
from suara.demo.community import generate
made = generate(seed=5, weeks=3, posts=700)
whole = b"".join(at.isoformat().encode() + encode(event) for at, event in made.events)
print(hashlib.sha256(whole + msgspec.json.encode(made.truth) + made.config_toml.encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def community() -> Community:
    return made(1)


@pytest.fixture(scope="module")
def states(community: Community) -> dict[str, list[PostCreated | PostEdited | PostDeleted | PostRestored]]:
    found: dict[str, dict[int, PostCreated | PostEdited | PostDeleted | PostRestored]] = defaultdict(dict)
    for _, event in community.events:
        if isinstance(event, PostCreated | PostEdited | PostDeleted | PostRestored):
            found[event.data.post_id][event.data.version] = event
    return {post: [versions[number] for number in sorted(versions)] for post, versions in found.items()}


def _digest(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", _PRINT]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_same_seed_gives_same_bytes_in_every_process() -> None:
    assert _digest("0") == _digest("4711")


def test_another_seed_gives_another_community(community: Community) -> None:
    other = made(7)
    assert other.truth.product != community.truth.product
    assert {theme.theme for theme in other.truth.themes} != {theme.theme for theme in community.truth.themes}
    assert other.truth.incident != community.truth.incident
    assert Counter(theme.shape for theme in other.truth.themes) == Counter(t.shape for t in community.truth.themes)
    assert {event.id for _, event in other.events} != {event.id for _, event in community.events}


def test_it_is_as_large_as_asked(community: Community) -> None:
    assert len(community.truth.posts) == 5_100
    by_source = Counter(post.source for post in community.truth.posts)
    assert set(by_source) == {"forum", "chat", "reviews"}
    assert min(by_source.values()) > 1_000
    assert len(generate(seed=2, weeks=2, posts=500).truth.posts) == 500
    assert len({post.person for post in community.truth.posts if post.is_counted}) > 500


@pytest.mark.parametrize(("weeks", "posts"), [(0, 5000), (8, 10), (100, 5000)])
def test_it_refuses_sizes_that_cannot_be_told(weeks: int, posts: int) -> None:
    with pytest.raises(InputError, match="cannot be told"):
        generate(seed=1, weeks=weeks, posts=posts)


def test_one_week_can_be_told() -> None:
    told = generate(seed=3, weeks=1, posts=400).truth
    assert len(told.posts) == 400
    assert {post.week for post in told.posts} == {0}


def test_every_event_is_valid(community: Community) -> None:
    decoder = msgspec.json.Decoder(Event)
    for _, event in community.events:
        assert decoder.decode(encode(event)) == event


def test_it_happens_in_the_weeks_that_are_told(community: Community) -> None:
    truth = community.truth
    assert truth.first.weekday() == 0
    start = datetime(truth.first.year, truth.first.month, truth.first.day, tzinfo=UTC) - timedelta(hours=7)
    for post in truth.posts:
        assert start <= post.at < start + timedelta(weeks=truth.weeks)
        assert post.week == (post.at - start).days // 7
    assert {post.week for post in truth.posts} == set(range(truth.weeks))


def test_deliveries_are_shuffled_and_doubled_a_little(community: Community) -> None:
    at = [delivered for delivered, _ in community.events]
    happened = [event.time for _, event in community.events]
    assert at == sorted(at)
    assert happened != sorted(happened)
    assert all(delivered >= time for delivered, time in zip(at, happened, strict=True))
    ids = Counter(event.id for _, event in community.events)
    assert len(ids) == community.truth.events
    assert 0 < len(community.events) - len(ids) < 0.03 * len(ids)


def test_a_post_is_created_once_and_its_versions_have_no_gap(
    states: dict[str, list[PostCreated | PostEdited | PostDeleted | PostRestored]],
) -> None:
    for history in states.values():
        assert [event.data.version for event in history] == list(range(len(history)))
        assert isinstance(history[0], PostCreated)
        assert not any(isinstance(event, PostCreated) for event in history[1:])
        assert [event.time for event in history] == sorted(event.time for event in history)
        assert len({(event.data.thread_id, event.data.author.id, event.data.created_at) for event in history}) == 1


def test_the_truth_is_where_each_history_ends(
    community: Community, states: dict[str, list[PostCreated | PostEdited | PostDeleted | PostRestored]]
) -> None:
    assert {post.post_id for post in community.truth.posts} == set(states)
    ended = Counter[str]()
    for post in community.truth.posts:
        last = states[post.post_id][-1]
        assert (post.version, post.thread_id, post.account) == (
            last.data.version, last.data.thread_id, last.data.author.id,
        )  # fmt: skip
        assert (post.status == "deleted") == isinstance(last, PostDeleted)
        ended[type(last).__name__] += 1
    assert min(ended[name] for name in ("PostEdited", "PostDeleted", "PostRestored")) > 5


def test_replies_follow_what_they_answer(
    states: dict[str, list[PostCreated | PostEdited | PostDeleted | PostRestored]],
) -> None:
    created = {post: history[0] for post, history in states.items() if isinstance(history[0], PostCreated)}
    replies = [event for event in created.values() if event.data.parent_post_id is not None]
    assert len(replies) > 1_000
    for event in replies:
        parent = created[str(event.data.parent_post_id)]
        assert parent.data.thread_id == event.data.thread_id
        assert parent.data.created_at <= event.data.created_at
        assert not event.data.is_thread_start


def test_what_is_done_to_posts_names_posts_that_exist(community: Community) -> None:
    posts = {(post.post_id, post.thread_id): post for post in community.truth.posts}
    threads = {post.thread_id for post in community.truth.posts}
    seen = Counter[str]()
    for _, event in community.events:
        match event.data:
            case Reaction(post_id=post, thread_id=thread) | Decision(post_id=post, thread_id=thread):
                assert posts[post, thread].at <= event.time
            case ThreadState(thread_id=thread, solved_post_id=answer):
                assert thread in threads
                assert posts[str(answer), thread].role in ("member", "moderator", "staff")
            case _:
                pass
        seen[type(event.data).__name__] += 1
    assert min(seen[name] for name in ("Reaction", "Decision", "ThreadState", "MemberState")) > 25


def test_appeals_answer_decisions(community: Community) -> None:
    decisions = {
        event.data.decision_id: event.data for _, event in community.events if isinstance(event.data, Decision)
    }
    appeals = [decision for decision in decisions.values() if decision.appeal_of]
    assert appeals
    for appeal in appeals:
        assert decisions[str(appeal.appeal_of)].decided_at < appeal.decided_at
        assert appeal.action == "restore"


def test_members_are_described_before_they_write(community: Community) -> None:
    described = {
        (event.source, event.data.member_id)
        for _, event in community.events
        if isinstance(event.data, MemberState) and event.data.version == 0
    }
    wrote = {(event.source, event.data.author.id) for _, event in community.events if isinstance(event, PostCreated)}
    assert wrote == described


def test_some_people_have_two_accounts_that_only_the_truth_joins(community: Community) -> None:
    two = {person: accounts for person, accounts in community.truth.people.items() if len(accounts) > 1}
    assert len(two) > 30
    owners = Counter((source, account) for held in community.truth.people.values() for source, account in held.items())
    assert max(owners.values()) == 1


def _usual(posts: list[PostTruth], hours: float) -> float:
    """Return how many people usually write about something in so many hours."""
    span = (max(post.at for post in posts) - min(post.at for post in posts)).total_seconds() / 3600
    return len(posts) * hours / span


def test_the_incident_brings_many_people_within_hours(community: Community) -> None:
    incident = community.truth.incident
    mine = [post for post in community.truth.posts if post.theme == incident.theme and post.is_counted]
    inside = [post for post in mine if incident.start <= post.at < incident.end]
    outside = [post for post in mine if not incident.start <= post.at < incident.end]
    hours = (incident.end - incident.start).total_seconds() / 3600
    assert 2 < hours < 6
    assert {post.source for post in inside} == {"forum", "chat", "reviews"}
    assert len({post.person for post in inside}) > 20 * _usual(outside, hours)


@pytest.mark.parametrize("seed", [1, 7])
def test_themes_take_their_courses(seed: int) -> None:
    truth = made(seed).truth
    assert len(truth.themes) >= 14
    for theme in truth.themes:
        early, late = sum(theme.weekly[:3]), sum(theme.weekly[-3:])
        match theme.shape:
            case "born":
                assert sum(theme.weekly[:2]) == 0
                assert theme.weekly[2] >= 5
            case "growing":
                assert late > 1.4 * early
            case "fading":
                assert early > 1.4 * late
            case "incident":
                assert max(theme.weekly) == theme.weekly[5]
            case "fixed":
                after = [p for p in truth.posts if p.theme == theme.theme and p.at > truth.release.at]
                before = [p for p in truth.posts if p.theme == theme.theme and p.at <= truth.release.at]
                assert _complaints(after) < 0.5 * _complaints(before)
            case _:
                assert min(theme.weekly) > 0


def _complaints(posts: list[PostTruth]) -> float:
    return sum(post.sentiment == "negative" for post in posts)


def test_kindness_and_rudeness_are_planted(community: Community) -> None:
    tones = Counter(post.tone for post in community.truth.posts)
    assert tones["kind"] >= 20
    assert tones["rude"] >= 15


def test_staff_rest_on_week_ends(community: Community) -> None:
    staff = [post for post in community.truth.posts if post.role == "staff" and not post.is_start]
    week_end = [post for post in staff if (post.at + timedelta(hours=7)).weekday() >= 5]
    assert len(staff) > 100
    assert 0 < len(week_end) < 0.15 * len(staff)


def test_the_configuration_is_one_that_suara_reads(community: Community, tmp_path: Path) -> None:
    path = tmp_path / "suara.toml"
    path.write_text(community.config_toml, "utf-8")
    read = read_community(path)
    assert community.truth.product in read.community.name
    assert read.community.timezone == "Asia/Jakarta"
    assert set(read.sources) == {"forum", "chat", "reviews"}
    assert len(read.areas) >= 4
    assert {theme.area for theme in community.truth.themes} == set(read.areas)
    roles = {(post.source, post.account): post.role for post in community.truth.posts}
    for name, source in read.sources.items():
        assert source.kind == name
        assert all(roles.get((name, account), "staff") == "staff" for account in source.staff)
        assert all(roles[name, account] == "bot" for account in source.bots)
