"""The page on naming by a model: its commands run as typed, and find who named a theme and why a name is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.endpoint import served
from tests.house.typed import forum_home, run
from tests.house.uv import ROOT

PAGE = (ROOT / "docs" / "how-to" / "name-themes-with-a-model.md").read_text("utf-8")
USE, LOOK = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:11434/v1"


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with forum_home("naming") as home:
        yield home


def all_about(asked: dict[str, Any]) -> bytes:
    name = f"All about {json.loads(asked['messages'][1]['content'])['keywords'][0]}"
    return json.dumps({"choices": [{"message": {"content": json.dumps({"name": name})}}]}).encode()


def test_a_model_names_themes_as_typed_and_what_it_did_not_name_is_found(environment: dict[str, str]) -> None:
    assert ADDRESS in USE
    with served(all_about) as model:
        model.script = [b"no idea"]
        said = run(f"{USE}\n{LOOK}".replace(ADDRESS, model.url), environment)
    assert {asked["model"] for asked in model.asked} == {"qwen2.5:7b"}
    assert len(re.findall(r"All about ", said)) == len(model.asked) - 1 > 0
    assert re.search(r"namer\W+(?:qwen2\.5:7b|keywords)", said)
    assert said.count("answers in another form than asked for") == 1
    assert "`answers in another form than asked for`" in PAGE
