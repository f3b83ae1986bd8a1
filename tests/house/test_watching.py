"""The page on watching the sink: its commands run as typed, and it knows every metric that there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kernel.clock import FixedClock
from streams.metrics import Metrics
from streams.progress import Stage
from suara.local import ports
from tests.house.uv import ROOT

PAGE = (ROOT / "docs" / "how-to" / "watch-the-sink.md").read_text("utf-8")
PORT = "9108"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def families() -> dict[str, str]:
    """Return the type of each metric of ours, by the name that a query uses."""
    metrics = Metrics(FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))
    found = {family.name: family.type for family in metrics.registry.collect() if family.name.startswith("suara_")}
    suffixes = {"counter": "_total", "info": "_info"}
    return {name + suffixes.get(kind, ""): kind for name, kind in found.items()}


@pytest.fixture
def home() -> Iterator[Path]:
    """A home outside of pytest's folders, which are closed to PostgreSQL's own account."""
    folder = Path(tempfile.mkdtemp(prefix="suara-watching-"))
    yield folder / "home"
    shutil.rmtree(folder)


def test_every_command_runs_as_typed(home: Path) -> None:
    """One shell types all blocks; only the port is another one, which is free here."""
    script = "\n".join(blocks("sh")).replace(PORT, str(free_port(home)))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUARA_", "AIRFLOW"))}
    mirror = {name: value for name, value in os.environ.items() if name.startswith("SUARA_LOCAL__MAVEN")}
    environment = {**kept, **mirror, "SUARA_HOME": str(home)}
    try:
        typed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        subprocess.run([ROOT / ".venv/bin/suara", "down"], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert '{"status": "ok", "stage": ' in typed.stdout
    assert "Metrics: http://127.0.0.1:" in typed.stdout
    assert "Traceback" not in typed.stdout + typed.stderr


def free_port(home: Path) -> int:
    return ports._search(str(home), taken=set())


def test_the_page_tells_every_metric_and_none_that_there_is_not() -> None:
    known = families()
    assert set(re.findall(r"^\| `(suara_\w+)`", PAGE, re.MULTILINE)) == known.keys()
    assert set(re.findall(r"\bsuara_sink_\w+", PAGE)) <= known.keys()


def test_the_page_tells_every_stage() -> None:
    told = PAGE.partition("| stage | the sink |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", told, re.MULTILINE) == [str(stage) for stage in Stage]


def test_scraping_and_alerts_are_well_formed() -> None:
    scraping, alerts = (yaml.safe_load(block) for block in blocks("yaml"))
    assert scraping["scrape_configs"][0]["static_configs"][0]["targets"] == [f"127.0.0.1:{PORT}"]
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 4
    counted = {name for name, kind in families().items() if kind == "counter"}
    for rule in rules:
        for name in re.findall(r"suara_\w+", rule["expr"]):
            assert (name in counted) == ("increase(" in rule["expr"]), rule
