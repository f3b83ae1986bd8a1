"""The whole job on a generated community: generate, stream, run the DAGs week by week, grade.

The demo has a home of its own for each community, with its own parts, so that it never mixes with anybody's data. Ids
and versions are those of the seed: a second run sends the same events again, finds nothing new, and ends with the same
grade.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.clock import Clock, SystemClock
from kernel.settings import PREFIX, Settings, read_settings
from streams.events import Event, encode
from suara.demo import POSTS, WEEKS
from suara.demo.community import Community, generate

if TYPE_CHECKING:
    from suara.demo.grade import Grade
    from suara.local import stack

Say = Callable[[str], None]

_MARK = "community.sha256"
# Of the grade where nobody says how wide a line may be.
_WIDTH = 110
_OWN_PARTS = (f"{PREFIX}KAFKA__", f"{PREFIX}WAREHOUSE__", f"{PREFIX}DELIVERY__")


def run_demo(*, seed: int, weeks: int = WEEKS, posts: int = POSTS, keep: bool = False, say: Say) -> Grade:
    """Run the demo and return its grade, which is also in `grade.json` of its home.

    With `keep`, the parts stay up for looking around. Raises what the parts, the DAGs and the grading raise.
    """
    from suara.local import stack

    clock = SystemClock()
    began = clock.monotonic()
    step = _stepper(say, clock)
    home = home_of(read_settings().home, seed=seed, weeks=weeks, posts=posts)
    step(f"Generating a community: seed {seed}, {posts:,} posts in {weeks} weeks")
    community = generate(seed=seed, weeks=weeks, posts=posts)
    _tell(community, say)
    with _surroundings(home):
        _furnish(community, home, say)
        settings = read_settings()
        step(f"Starting what it needs in {home}")
        with _parts(settings, keep=keep, say=say) as found:
            stack.export(found)
            settings = read_settings()
            step(f"Streaming {len(community.events):,} events through Kafka")
            _stream([event for _, event in community.events], settings, say)
            step("Running the Airflow DAGs: days, and each week when its days are done")
            _run_weeks(community, settings, say)
            step("Grading against what was planted")
            graded = _grade(community, settings)
    _close(graded, home, keep=keep, seconds=clock.monotonic() - began, say=say)
    return graded


def home_of(base: Path, *, seed: int, weeks: int, posts: int) -> Path:
    """Return the home of one community under `base`, named by what makes it another one."""
    size = "" if (weeks, posts) == (WEEKS, POSTS) else f"-{weeks}-weeks-{posts}-posts"
    return base / "demo" / f"{seed}{size}"


def fingerprint(events: Sequence[Event]) -> str:
    """Return a hash of all events: the same community has the same one."""
    whole = hashlib.sha256()
    for event in events:
        whole.update(encode(event))
    return whole.hexdigest()


@contextmanager
def _surroundings(home: Path) -> Iterator[None]:
    """Make `home` the home of this process and of what it starts, and forget servers that are meant for other data."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(_OWN_PARTS):
            del os.environ[name]
    os.environ |= {f"{PREFIX}HOME": str(home), f"{PREFIX}CONFIG": str(home / "suara.toml")}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _parts(settings: Settings, *, keep: bool, say: Say) -> Iterator[stack.Addresses]:
    from suara.local import stack

    if keep:
        yield stack.ensure(settings, sink=True, stay=True, say=say)
    else:
        with stack.owned(settings, sink=True, say=say) as found:
            yield found


def _furnish(community: Community, home: Path, say: Say) -> None:
    """Write the community's own suara.toml; start anew where the home holds a community of another version."""
    from suara.local import processes, stack

    mark, now = home / _MARK, fingerprint([event for _, event in community.events])
    if home.exists() and not (mark.exists() and mark.read_text("utf-8") == now):
        if (home / "suara.toml").exists():
            say("This community is told in another way since the last run: starting anew")
            stack.down(read_settings(), say)
        shutil.rmtree(home)
    processes.private(home)
    (home / "suara.toml").write_text(community.config_toml, "utf-8")
    mark.write_text(now, "utf-8")


def _stream(events: Sequence[Event], settings: Settings, say: Say) -> None:
    """Send all events while the sink loads, and wait until it has them all."""
    from rich.console import Console
    from rich.progress import Progress

    from streams.broker import Producer
    from streams.publisher import publish
    from suara.cli.run import drain

    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    with Producer(settings.kafka) as producer, bar:
        task = bar.add_task("sending", total=len(events))
        sent = publish(events, producer, progress=lambda number: bar.update(task, completed=number))
    say(f"  {sent.sent:,} events sent and acknowledged, {sent.size / 1e6:.1f} MB")
    drain(settings, lambda line: say(f"  {line}"))


def _run_weeks(community: Community, settings: Settings, say: Say) -> None:
    from suara.cli.run import run_weekly

    truth = community.truth
    run_weekly([truth.first + timedelta(weeks=week) for week in range(truth.weeks)], say, settings=settings)


def _grade(community: Community, settings: Settings) -> Grade:
    from suara.demo.grade import grade, to_json

    assert settings.warehouse.url is not None  # noqa: S101 - exported when the parts started
    graded = grade(community.truth, settings.warehouse.url.get_secret_value())
    (settings.home / "grade.json").write_bytes(to_json(graded))
    return graded


def _tell(community: Community, say: Say) -> None:
    truth = community.truth
    people = len({post.account for post in truth.posts if post.is_counted})
    last = truth.first + timedelta(weeks=truth.weeks, days=-1)
    say(f"  {truth.product}: {people:,} people, {len(truth.themes)} themes, {truth.first} to {last}")


def _close(graded: Grade, home: Path, *, keep: bool, seconds: float, say: Say) -> None:
    """Print the grade, and where everything is."""
    from rich.console import Console

    from suara.demo.grade import by_key
    from suara.demo.table import show

    console = Console()
    show(graded, console if console.is_terminal else Console(width=_WIDTH))
    lines = by_key(graded)
    themes, events = lines["themes"], lines["events"]
    say(f"Look around: export {PREFIX}HOME={home} {PREFIX}CONFIG={home / 'suara.toml'}")
    say("  then, for example: suara report list, suara psql" + ("; stop with: suara down" if keep else ""))
    say(f"Grade:   {home / 'grade.json'} ({themes.n}/{themes.total} themes, {events.n:,}/{events.total:,} events)")
    say(f"Reports: {home / 'reports' / 'index.html'} (all done in {seconds:.0f} s)")


def _stepper(say: Say, clock: Clock) -> Say:
    """Return a `say` that numbers steps and tells when each began."""
    began, number = clock.monotonic(), 0

    def step(line: str) -> None:
        nonlocal number
        number += 1
        say(f"[{number}/5] {clock.monotonic() - began:5.1f} s  {line}")

    return step
