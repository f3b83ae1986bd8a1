"""The page on searching: every command and query in it runs as it is written, and finds something."""

import json
import re
import shlex

import numpy as np
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from jobs.context import open_context
from jobs.search import Query, search
from kernel.errors import StaleInputError
from kernel.settings import Settings
from suara.cli.main import app
from tests.house.uv import ROOT
from warehouse.engine import connect
from warehouse.search import Filters

PAGE = (ROOT / "docs" / "how-to" / "search-posts.md").read_text("utf-8")
DAYS = ("--from", "2026-11-02", "--to", "2026-11-04")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def suara(*words: str) -> Result:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def read(community: Settings) -> Settings:
    """The example forum, of which three days were read."""
    suara("run", "daily", *DAYS)
    return community


def test_every_command_runs_as_typed(read: Settings) -> None:
    activation, *lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert activation == "source .venv/bin/activate"
    assert len(lines) == 4
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "suara"
        assert "2026-11-0" in suara(*words).stdout, line


def test_every_query_finds_something_for_a_reader(read: Settings) -> None:
    engine = connect(open_context().url, role="reader")
    with engine.connect() as connection:
        for query in blocks("sql"):
            assert connection.execute(text(query)).all(), query


def test_the_notebook_finds_posts_by_a_vector_of_its_own(read: Settings) -> None:
    (code,) = blocks("python")
    names: dict[str, list[object]] = {}
    exec(code, names)  # noqa: S102 - the page's own words
    assert len(names["found"]) == 10


def test_what_is_said_in_one_language_is_found_in_the_other(read: Settings) -> None:
    """The forum has Indonesian posts on one-time codes, and no Indonesian word is asked with."""
    found = json.loads(suara("search", "the verification message never comes", "--lang", "id", "--json").stdout)
    assert {post["language"] for post in found} == {"id"}
    assert re.search("kode|otp|verifikasi", found[0]["excerpt"], re.IGNORECASE)
    assert found[0]["found_by"] == ["meaning"]
    both = json.loads(suara("search", "verification code otp", "--json").stdout)
    assert {post["language"] for post in both} >= {"en", "id"}
    assert any(post["found_by"] == ["meaning", "words"] for post in both)


def test_a_sentence_with_or_in_it_is_no_operator(read: Settings) -> None:
    found = json.loads(suara("search", "does the refund go to the card or to the wallet", "--json").stdout)
    assert len(found) == 10
    assert any("meaning" in post["found_by"] and "refund" in post["excerpt"] for post in found)


def test_operators_are_kept(read: Settings) -> None:
    found = json.loads(suara("search", "code -otp", "--lang", "en", "--limit", "100", "--json").stdout)
    assert found
    assert all("words" in post["found_by"] for post in found)
    assert not any(re.search(r"\botp\b", post["excerpt"], re.IGNORECASE) for post in found)


def test_nothing_found_is_said(read: Settings) -> None:
    said = suara("search", '"no such phrase anywhere"').stdout
    assert said == "Nothing was found. Fewer filters find more.\n"


def test_an_encoder_that_has_read_nothing_is_said(read: Settings) -> None:
    """As after an upgrade that brings another encoder, until the days have run again."""
    asked = Query("another", np.ones(384, np.float32), "en", "refund")
    engine = connect(open_context().url, role="reader")
    with engine.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.search._read", lambda *_: asked)
        with pytest.raises(StaleInputError, match=r"the encoder another yet\n`suara run daily`"):
            search(connection, open_context(), "refund", Filters(), limit=5)
