"""The `suara.toml` at the root: valid as it is, equal to the defaults, and complete."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from kernel.community import CommunityFile, read_community

FILE = Path(__file__).parents[2] / "suara.toml"
TEXT = FILE.read_text("utf-8")
EXAMPLES = re.sub(r"^#(?=[\[a-z])", "", TEXT, flags=re.MULTILINE)


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if get_origin(inner) is dict and issubclass(table := get_args(inner)[1], BaseModel):
            found |= keys(table, f"{prefix}{name}.*.")
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys(inner, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def written(tree: dict[str, Any]) -> set[str]:
    found = set()
    for table, content in tree.items():
        for key, value in content.items():
            if table in ("sources", "areas", "values"):
                found |= {f"{table}.*.{inner}" for inner in value}
            else:
                found.add(f"{table}.{key}")
    return found


def test_as_it_is_it_says_the_defaults() -> None:
    assert read_community(FILE) == CommunityFile()


def test_its_examples_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "suara.toml"
    file.write_text(EXAMPLES, "utf-8")
    community = read_community(file)
    assert community.sources
    assert community.areas
    assert community.values


def test_every_key_is_there() -> None:
    assert written(tomllib.loads(EXAMPLES)) == keys(CommunityFile)


@pytest.mark.parametrize("key", sorted(keys(CommunityFile)))
def test_every_key_is_explained(key: str) -> None:
    """A comment stands above each key, or above the neighbour that it shares the comment with."""
    name = key.rpartition(".")[2]
    lines = TEXT.splitlines()
    at = next(number for number, line in enumerate(lines) if re.match(rf"#?{name} = ", line))
    above = lines[at - 1]
    assert above.startswith("# ") or re.match(r"#?[a-z_]+ = |#\[values", above), above
