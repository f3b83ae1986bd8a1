"""Names of themes: a model gives them where one is set and answers well; no run fails, waits or asks twice for one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from jobs import edits, naming
from jobs.context import Context
from jobs.naming import Given
from kernel.clock import FixedClock, SystemClock
from kernel.community import CommunityFile
from kernel.settings import read_settings
from nlp.shapes import Shape
from tests.fixtures.endpoint import DRIP, DROP, PATIENCE, SLOW, Endpoint, patience, served
from tests.jobs.community import MONDAYS, Community
from warehouse.namings import KEYWORDS, Naming, Namings

pytestmark = pytest.mark.usefixtures("logged")

KEY = "sk-nobody-may-see-this"
WORDS = "nobody-else-wrote-this"
BY = "Rina"


def named(name: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": json.dumps({"name": name})}}]}).encode()


def by_first_keyword(asked: dict[str, Any]) -> bytes:
    material = json.loads(asked["messages"][1]["content"])
    return named(f"All about {material['keywords'][0]}")


@pytest.fixture
def model() -> Iterator[Endpoint]:
    with served(by_first_keyword) as server:
        yield server


def context(url: str, **others: object) -> Context:
    chosen = {"URL": url, "MODEL": "small-1", "API_KEY": KEY, **{key.upper(): value for key, value in others.items()}}
    settings = read_settings({f"SUARA_NAMER__{key}": str(value) for key, value in chosen.items() if value is not None})
    community = CommunityFile.model_validate({"community": {"report_language": "id"}})
    return Context(settings, community, "", SystemClock())


def shape(number: int, size: int = 9) -> Shape:
    nothing = np.zeros(384, np.float32)
    return Shape(nothing, 0.5, (f"subject{'abcdefghij'[number]}", "dark mode"), (number,), size, None)


TEXTS = dict.fromkeys(range(10), f"{WORDS} dark mode")


def ask(given: Context, *sizes: int) -> dict[int, Given]:
    born = {number: shape(number, size) for number, size in enumerate(sizes)}
    return naming._asked(given, born, TEXTS)


def test_the_largest_themes_are_asked_for_within_the_budget(model, logged):
    found = ask(context(model.url, most_themes=2, max_tokens=50), 5, 9, 7)
    assert found == {1: Given("All about subjectb", "small-1"), 2: Given("All about subjectc", "small-1")}
    assert model.paths == ["/v1/chat/completions"] * 2
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert (model.asked[0]["model"], model.asked[0]["max_tokens"]) == ("small-1", 50)
    system, user = model.asked[0]["messages"]
    assert "Indonesian" in system["content"]
    assert json.loads(user["content"]) == {"keywords": ["subjectb", "dark mode"], "posts": [f"{WORDS} dark mode"]}
    assert logged.getvalue().count("named by their keywords") == 1
    assert "SUARA_NAMER__MOST_THEMES is reached" in logged.getvalue()


def test_nothing_is_logged_where_all_is_well(model, logged):
    assert len(ask(context(f"{model.url}/chat/completions/", api_key=None), 5, 9)) == 2
    assert "Authorization" not in model.headers[0]
    assert not logged.getvalue()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (401, "refuses the key (401)"), (404, "says 404"), (429, "answers 429"), (503, "answers 503"),
        (301, "says 301"), (DROP, "breaks off"), (SLOW, f"gives no answer within {PATIENCE:g} s"),
        (DRIP, "answers longer than it may"), (b"x" * 10**6, "answers longer than it may"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_an_endpoint_that_fails_is_not_asked_again(model, trouble, words, logged):
    model.script = [None, trouble]
    assert list(ask(context(model.url, timeout_seconds=patience(trouble)), 3, 9, 7, 5)) == [1]
    assert len(model.asked) == 2
    said = logged.getvalue()
    assert said.count("named by their keywords") == 1
    assert words in said
    assert "themes=3" in said
    assert WORDS not in said
    assert KEY not in said


@pytest.mark.parametrize("answer", [b"<html>", b"{}", named("Dark @mode"), named("\n"), named("Nothing of the kind")])
def test_an_answer_that_is_no_name_costs_one_name(model, answer, logged):
    model.script = [None, answer]
    assert list(ask(context(model.url), 9, 8, 7)) == [0, 2]
    assert logged.getvalue().count("named by their keywords") == 1
    assert f"small-1' at {model.url}/chat/completions answers" in logged.getvalue()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": None}, "SUARA_NAMER__URL needs SUARA_NAMER__MODEL"),
        ({"url": "nowhere"}, "SUARA_NAMER__URL is no address"),
        ({"url": "http://rina:secret@127.0.0.1/v1"}, "holds a name or a password"),
        ({"url": "http://nowhere.invalid/v1"}, "cannot be reached"),
        ({"api_key": "se\ncret"}, "holds a character that no key has"),
        ({"most_themes": 0}, "SUARA_NAMER__MOST_THEMES is reached"),
    ],
)
def test_no_setting_stops_a_run(model, settings, words, logged):
    assert ask(context(**({"url": model.url} | settings)), 9, 8) == {}
    assert not model.asked
    assert logged.getvalue().count("named by their keywords") == 1
    assert words in logged.getvalue()
    assert "cret" not in logged.getvalue()


def test_nobody_there_is_asked_once(logged):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert ask(context(f"http://127.0.0.1:{closed.getsockname()[1]}/v1"), 9, 8) == {}
    assert logged.getvalue().count("cannot be reached") == 1


def test_all_names_together_have_a_time(logged):
    clock = FixedClock(SystemClock().now())

    def late(asked: dict[str, Any]) -> bytes:
        clock.advance(naming.LONGEST / 2)
        return by_first_keyword(asked)

    with served(late) as model:
        given = context(model.url, timeout_seconds=naming.LONGEST)
        found = ask(Context(given.settings, given.community, given.url, clock), 9, 8, 7, 6)
    assert list(found) == [0, 1]
    assert f"takes longer than {naming.LONGEST:g} s for all names" in logged.getvalue()


def test_what_nobody_thought_of_is_no_reason_to_fail(model, logged):
    assert naming._asked(context(model.url), {0: shape(0), 1: shape(1)}, {0: "\ud800"}) == {}
    assert "cannot be asked (UnicodeEncodeError)" in logged.getvalue()


def history(forum: Community, theme: int, kind: str) -> list[dict[str, Any]]:
    query = f"select detail from core.theme_event where theme_id = {theme} and kind = '{kind}' order by event_id"
    return [dict(detail) for (detail,) in forum.ask(query)]


def names(forum: Community) -> dict[int, str]:
    return dict(forum.ask("select theme_id, name from core.theme order by 1"))  # type: ignore[arg-type]


@pytest.fixture
def asking(forum: Community, model: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Community:
    """The community, whose weekly runs ask the model."""
    monkeypatch.setenv("SUARA_NAMER__URL", model.url)
    monkeypatch.setenv("SUARA_NAMER__MODEL", "small-1")
    forum.context = Context(read_settings(), forum.context.community, forum.context.url, SystemClock())
    return forum


def test_a_weekly_run_asks_once_for_each_theme_that_is_born(asking, model):
    asking.run(0, 1)
    assert len(model.asked) == 3
    posts = [json.loads(asked["messages"][1]["content"])["posts"] for asked in model.asked]
    assert all(1 <= len(texts) <= 5 for texts in posts)
    before = names(asking)
    assert all(name.startswith("All about ") for name in before.values())
    dark = asking.theme_of("dark mode")
    assert [birth["namer"] for birth in history(asking, dark, "born")] == ["small-1"]
    asking.run(0, 1, 0)
    assert len(model.asked) == 3
    assert names(asking) == before
    (birth,) = history(asking, dark, "born")
    assert birth["namer"] == "small-1"
    assert birth["named_by"] == birth["keywords"]
    asking.run(2)
    assert len(model.asked) == 4
    assert names(asking)[asking.theme_of("battery")].startswith("All about ")


def test_words_of_who_minds_being_quoted_are_not_sent(asking, model):
    with asking.context.begin() as connection:
        connection.exec_driver_sql("update core.member set opted_out = true")
    asking.run(0)
    assert [json.loads(asked["messages"][1]["content"])["posts"] for asked in model.asked] == [[], [], []]


def test_a_broken_model_leaves_all_to_the_keywords(asking, model, logged):
    model.script = [500]
    asking.run(0)
    assert len(model.asked) == 1
    assert logged.getvalue().count("named by their keywords") == 1
    for theme, name in names(asking).items():
        (birth,) = history(asking, theme, "born")
        assert birth["namer"] == KEYWORDS
        assert name.casefold().startswith(birth["keywords"][0])


def reword(forum: Community, theme: int, *words: str) -> None:
    """Let a theme have been named by other words."""
    with forum.context.begin() as connection:
        connection.exec_driver_sql(
            "update core.theme_event set detail = jsonb_set(detail, '{keywords}', to_jsonb(%s::text[])) "
            "where theme_id = %s and kind = 'born'",
            (list(words), theme),
        )


def test_a_theme_whose_words_are_others_is_renamed_by_the_newest_week_once(forum):
    forum.run(0, 1)
    dark, before = forum.theme_of("dark mode"), names(forum)
    with forum.context.begin() as connection:
        connection.exec_driver_sql("update core.theme set name = 'Sun roof' where theme_id = %s", (dark,))
    reword(forum, dark, "sun roof", "glass")
    forum.run(0)
    assert names(forum)[dark] == "Sun roof", "a week that is not the newest renames nothing"
    forum.run(1, 1, 0)
    (event,) = history(forum, dark, "renamed")
    assert (event["from"], event["to"]) == ("Sun roof", names(forum)[dark])
    assert event["before"] == ["sun roof", "glass"]
    assert event["likeness"] < 0.3
    assert "mode" in names(forum)[dark].casefold()
    after = names(forum)
    assert {theme: name for theme, name in after.items() if theme != dark} == {
        theme: name for theme, name in before.items() if theme != dark
    }
    forum.run(2, 3, 1, 2, 3)
    assert len(history(forum, dark, "renamed")) == 1
    assert names(forum) == after | {forum.theme_of("battery"): names(forum)[forum.theme_of("battery")]}


def test_a_person_s_name_stays_and_undoing_it_brings_the_newest_one_by_machine_back(forum):
    forum.run(0, 1)
    dark, machine = forum.theme_of("dark mode"), names(forum)[forum.theme_of("dark mode")]
    with forum.context.begin() as connection:
        edits.rename(connection, dark, name="Night colours", by=BY)
        (number,) = connection.exec_driver_sql("select max(event_id) from core.theme_event").one()
    reword(forum, dark, "sun roof", "glass")
    forum.run(1)
    assert names(forum)[dark] == "Night colours"
    assert not history(forum, dark, "renamed")[1:]
    with forum.context.begin() as connection:
        edits.undo(connection, number, by=BY)
        assert names_of(connection)[dark] == machine
        naming.renew(connection, MONDAYS[1], {dark: ["moon light"]}, Namings({}, {dark: Naming(("glass",), KEYWORDS)}))
        edits.rename(connection, dark, name="Night", by=BY)
        (number,) = connection.exec_driver_sql("select max(event_id) from core.theme_event").one()
        edits.undo(connection, number, by=BY)
        assert names_of(connection)[dark] == "Moon Light"


def names_of(connection: Any) -> dict[int, str]:
    return dict(connection.exec_driver_sql("select theme_id, name from core.theme").all())


def test_a_theme_that_is_gone_takes_its_renamings_with_it(forum):
    forum.run(0)
    theme = forum.theme_of("dark mode")
    with forum.context.begin() as connection:
        naming.renew(connection, MONDAYS[0], {theme: ["moon"]}, Namings({}, {theme: Naming(("glass",), KEYWORDS)}))
        connection.exec_driver_sql("update core.post set status = 'deleted' where post_id = any(%s)",
                                   (forum.posts_of(theme),))  # fmt: skip
    forum.run(0)
    assert theme not in names(forum)
