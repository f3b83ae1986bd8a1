"""Posts that say the same, on a real warehouse: one original whatever runs when, and decisions that every run keeps."""

from __future__ import annotations

import json
import os
import random
import shlex
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from jobs import duplicates
from kernel.calendar import day_span
from kernel.errors import InputError
from nlp.duplicates import find
from suara.cli.main import app
from tests.warehouse.rows import Rows
from warehouse import marts, posts
from warehouse.duplicates import list_events
from warehouse.engine import connect
from warehouse.partitions import ensure_months
from warehouse.runs import week_fingerprint

ZONE = ZoneInfo("Asia/Jakarta")
DAY = date(2026, 11, 2)
BY, WHY = "Rina", "another app"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "repeated-posts.md"


def said(place: int) -> str:
    """Return a text that is nearly that of the places beside it, and of no others."""
    return " ".join(f"word{number}" for number in range(place * 3, place * 3 + 24))


class Town:
    """Two sources whose days run when a test says so; `place` of a post is its place in a row of texts."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.rows = connection, Rows(connection)
        self.threads = [self.rows.thread(self.rows.source(name)) for name in ("forum", "chat")]
        self.days: dict[int, int] = {}
        ensure_months(connection, DAY, DAY + timedelta(days=60))

    def write(self, day: int, place: int, member: int | None = None, source: int = 0, **values: Any) -> int:
        thread = self.threads[source]
        owner = self.connection.execute(text("select source_id from core.thread where thread_id = :t"), {"t": thread})
        member = member or self.rows.member(owner.scalar_one())
        moment = f"{DAY + timedelta(days=day)} 0{len(self.days) % 10}:00"
        post = self.rows.post(thread, member, moment, read={"masked": said(place), "words": 24}, **values)
        self.days[post] = day
        return post

    def edit(self, post: int, place: int) -> None:
        """Change the words of a post and read it again: a new reading knows of no copies."""
        change = "update core.post_annotation set encoded = :said, duplicate_of = null where post_id = :post"
        self._change(change, post, said=said(place))

    def delete(self, post: int, status: str = "deleted") -> None:
        self._change("update core.post set status = :status where post_id = :post", post, status=status)

    def move(self, post: int, day: int) -> None:
        """Correct the time of a post, as its source may."""
        shift = timedelta(days=day - self.days[post])
        self._change("update core.post set created_at = created_at + :shift where post_id = :post", post, shift=shift)
        self.days[post] = day

    def run(self, *days: int) -> None:
        """Do what the daily steps do about copies."""
        for day in (DAY + timedelta(days=number) for number in days):
            posts.drop_stale(self.connection, day_span(day, ZONE))
            duplicates.regroup(self.connection, day, ZONE)
            marts.refresh_posts(self.connection, day, ZONE)

    def split(self, post: int) -> int | None:
        return duplicates.split(self.connection, post, zone=ZONE, by=BY, reason=WHY)

    def undo(self, post: int) -> int | None:
        return duplicates.undo(self.connection, post, zone=ZONE, by=BY)

    def repeated(self, table: str = "core.post_annotation") -> dict[int, int]:
        """Return the original of each copy."""
        return dict(self.rows.all(f"select post_id, duplicate_of from {table} where duplicate_of is not null"))

    def _change(self, statement: str, post: int, **values: object) -> None:
        self.connection.execute(text(statement), {"post": post, **values})


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    engine = connect(warehouse_url, role="pipeline")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def town(connection: Connection) -> Town:
    return Town(connection)


def test_exact_and_near_copies_are_found_across_sources(town: Town) -> None:
    first = town.write(0, 0)
    exact, near, other = town.write(1, 0, source=1), town.write(2, 1, source=1), town.write(2, 5)
    town.run(0, 1, 2)
    assert town.repeated() == {exact: first, near: first}
    assert other in town.days


@pytest.mark.parametrize("order", [(0, 10, 20), (20, 10, 0), (10, 0, 20, 0), (20, 0, 10), (0, 20, 10, 20)])
def test_a_chain_over_days_leads_to_its_first_post_whatever_runs_when(town: Town, order: tuple[int, ...]) -> None:
    first, second, third = town.write(0, 0), town.write(10, 1), town.write(20, 2)
    town.run(*order)
    assert town.repeated() == town.repeated("mart.fct_post") == {second: first, third: first}


def test_a_later_post_joins_what_was_apart_and_its_end_parts_it_again(town: Town) -> None:
    first, second = town.write(0, 0), town.write(1, 2)
    town.run(0, 1)
    assert town.repeated() == {}
    between = town.write(2, 1)
    town.run(2)
    assert town.repeated() == town.repeated("mart.fct_post") == {second: first, between: first}
    town.delete(between)
    town.run(2)
    assert town.repeated() == town.repeated("mart.fct_post") == {}


@pytest.mark.parametrize("end", ["deleted", "erased", "edited"])
def test_when_an_original_is_gone_the_earliest_of_the_others_is_one(town: Town, end: str) -> None:
    first, *copies = [town.write(day, 0) for day in (0, 3, 5, 19)]
    town.run(0, 3, 5, 19)
    assert town.repeated() == dict.fromkeys(copies, first)
    town.edit(first, 9) if end == "edited" else town.delete(first, end)
    town.run(0)
    second, *later = copies
    assert town.repeated() == town.repeated("mart.fct_post") == dict.fromkeys(later, second)


def test_before_its_day_runs_again_no_other_day_points_to_an_original_that_is_gone(town: Town) -> None:
    first, second, third = (town.write(day, 0) for day in (0, 3, 5))
    town.run(0, 3, 5)
    town.delete(first)
    town.run(5)
    assert town.repeated() == {third: second}


def test_who_only_posted_a_copy_is_a_person_of_the_theme_and_counts_once(town: Town) -> None:
    source = town.rows.one("select source_id from core.thread where thread_id = :t", t=town.threads[0])["source_id"]
    theme, loud = town.rows.theme(), town.rows.member(source)
    for post in (town.write(0, 0), town.write(1, 1, loud), town.write(2, 1, loud), town.write(2, 0, source=1)):
        town.rows.mention(post, theme)
    town.run(0, 1, 2)
    marts.refresh_theme_week(town.connection, DAY)
    assert len(town.repeated()) == 3
    assert town.rows.all("select people, posts from mart.fct_theme_week") == [(3, 4)]


class TestDecisions:
    def test_a_split_is_kept_by_every_run_and_can_be_undone(self, town: Town) -> None:
        first, second, third = (town.write(day, 0) for day in (0, 1, 2))
        town.run(0, 1, 2)
        assert town.split(second) == first
        for _ in range(2):
            assert town.repeated() == town.repeated("mart.fct_post") == {third: first}
            town.run(1, 0, 2)
        assert town.undo(second) == first
        assert town.repeated() == town.repeated("mart.fct_post") == {second: first, third: first}

    def test_what_hung_together_through_it_alone_does_so_no_longer(self, town: Town) -> None:
        first, between, last, beside = (town.write(day, place) for day, place in enumerate((0, 1, 2, 2)))
        town.run(0, 1, 2, 3)
        assert town.repeated() == dict.fromkeys((between, last, beside), first)
        town.split(between)
        assert town.repeated() == {beside: last}

    def test_an_original_that_is_split_off_leaves_its_copies_to_the_next(self, town: Town) -> None:
        first, second, third = (town.write(day, 0) for day in (0, 1, 2))
        town.run(0, 1, 2)
        assert town.split(first) is None
        assert town.repeated() == {third: second}

    def test_history_says_who_when_and_why(self, town: Town) -> None:
        first, second = town.write(0, 0), town.write(1, 0)
        town.run(0, 1)
        town.split(second)
        town.undo(second)
        town.split(first)
        told = [
            (one["post_id"], one["kind"], one["original_id"], one["actor"], one["reason"])
            for one in list_events(town.connection, None)
        ]
        assert told == [
            (second, "split", first, BY, WHY),
            (second, "undone", None, BY, None),
            (first, "split", None, BY, WHY),
        ]
        assert len(list_events(town.connection, second)) == 2
        assert all(one["created_at"] for one in list_events(town.connection, first))

    def test_what_makes_no_sense_is_refused(self, town: Town) -> None:
        first, second, other = town.write(0, 0), town.write(1, 0), town.write(1, 5)
        town.run(0, 1)
        with pytest.raises(InputError, match="there is no post 99 that has been read"):
            town.split(99)
        with pytest.raises(InputError, match="repeats nothing, and nothing repeats it"):
            town.split(other)
        with pytest.raises(InputError, match="nobody said that post"):
            town.undo(first)
        town.split(second)
        with pytest.raises(InputError, match="stands for itself already"):
            town.split(second)


@pytest.fixture
def typed(connection: Connection, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write three posts that say the same, 17 in their midst; return what runs a command and returns what it prints."""
    town = Town(connection)
    for day, number in enumerate((16, 17, 1_000_000_000_018)):
        town.write(day, 0, post_id=number, source=day % 2)
    town.run(0, 1, 2)
    connection.commit()
    for name in [name for name in os.environ if name.startswith("SUARA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", warehouse_url)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, (words, result.output)
        return result.stdout

    return run


class TestCommands:
    def test_groups_and_their_posts_are_listed(self, typed: Callable[..., str]) -> None:
        (group,) = json.loads(typed("duplicates", "list", "--json"))
        assert (group["post_id"], group["people"], group["posts"], group["sources"]) == (16, 3, 3, 2)
        assert (group["first_day"], group["last_day"]) == ("2026-11-02", "2026-11-04")
        assert group["words"].startswith("word0 word1")
        assert "1000000000018" in typed("duplicates", "show", "17"), "a number that can be copied"
        assert "No post repeats" in typed("duplicates", "list", "--week", "2026-11-09")
        assert "16" in typed("duplicates", "list", "--week", "2026-11-02")

    def test_the_how_to_does_what_it_says(self, typed: Callable[..., str]) -> None:
        lines = [line for line in HOW_TO.read_text("utf-8").splitlines() if line.startswith("suara ")]
        assert len(lines) == 6
        told = {line.split()[2]: typed(*shlex.split(line)[1:]) for line in lines}
        assert "it repeated post 16" in told["split"]
        assert "Post 17 repeats post 16" in told["undo"]
        reasons = [event["reason"] for event in json.loads(typed("duplicates", "history", "--json"))]
        assert reasons == ["About the tablet, not the phone", "It is the same phone after all"]

    def test_a_decision_makes_weeks_due(self, typed: Callable[..., str], connection: Connection) -> None:
        before = week_fingerprint(connection, DAY, DAY)
        typed("duplicates", "split", "16", "--reason", WHY, "--by", BY)
        assert week_fingerprint(connection, DAY, DAY) != before


@lru_cache
def alike(one: int, other: int) -> bool:
    return one == other or find([(1, said(one)), (2, said(other))]) != {}


class Random:
    """A town in which posts come, change, go and are parted at random, and days run at random times."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.draw = town, random.Random(seed)  # noqa: S311
        self.places: dict[int, int] = {}
        self.live: set[int] = set()
        self.apart: set[int] = set()
        self.due: set[int] = set()

    def step(self) -> None:
        match self.draw.choice(["write", "write", "edit", "move", "delete", "run", "run", "split", "undo"]):
            case "write":
                day, place = self.draw.randrange(45), self.draw.randrange(7)
                post = self.town.write(day, place, source=self.draw.randrange(2))
                self.places[post] = place
                self.live.add(post)
                self.due.add(day)
            case "edit" if self.live:
                post = self._one_of(self.live)
                self.places[post] = self.draw.randrange(7)
                self.town.edit(post, self.places[post])
                self.due.add(self.town.days[post])
            case "move" if self.live:
                post, day = self._one_of(self.live), self.draw.randrange(45)
                self.due |= {self.town.days[post], day}
                self.town.move(post, day)
            case "delete" if self.live:
                post = self._one_of(self.live)
                self.live.remove(post)
                self.town.delete(post, self.draw.choice(["deleted", "erased"]))
                self.due.add(self.town.days[post])
            case "run":
                self.run(self.draw.choice(sorted(self.due) or [0]))
            case "split" if chosen := self._parted():
                self.apart.add(post := self._one_of(chosen))
                self.town.split(post)
            case "undo" if chosen := self.apart & self.live:
                self.apart.remove(post := self._one_of(chosen))
                self.town.undo(post)

    def run(self, day: int) -> None:
        self.town.run(day)
        self.due.discard(day)
        repeated = self.town.repeated()
        originals = {repeated[post] for post in repeated if self.town.days[post] == day}
        assert originals <= self.live - repeated.keys(), "an original that is a copy, or gone"

    def finish(self) -> None:
        days = sorted(self.due) * 2
        self.draw.shuffle(days)
        for day in days:
            self.run(day)

    def expected(self) -> dict[int, int]:
        """Return the original of each copy, by comparing every post with every other one."""
        order = self.town.rows.all("select post_id from core.post order by created_at, post_id")
        group = {post: place for place, (post,) in enumerate(order) if post in self.live - self.apart}
        first = {place: post for post, place in group.items()}
        for one, other in combinations(group, 2):
            near = abs(self.town.days[one] - self.town.days[other]) <= duplicates.DAYS
            if near and alike(self.places[one], self.places[other]):
                low, high = sorted((group[one], group[other]))
                group.update((post, low) for post, place in group.items() if place == high)
        return {post: first[place] for post, place in group.items() if first[place] != post}

    def _parted(self) -> set[int]:
        repeated = self.town.repeated()
        return ({*repeated} | {*repeated.values()}) & self.live - self.apart

    def _one_of(self, chosen: set[int]) -> int:
        return self.draw.choice(sorted(chosen))


def test_any_order_of_any_changes_ends_as_if_all_days_had_run_at_once(connection: Connection) -> None:
    for seed in range(12):
        with connection.begin_nested() as savepoint:
            world = Random(Town(connection), seed)
            for _ in range(60):
                world.step()
            world.finish()
            assert world.town.repeated() == world.expected(), seed
            assert world.town.repeated("mart.fct_post") == world.expected(), seed
            savepoint.rollback()
