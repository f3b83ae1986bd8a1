"""The pages on backups, replays, upgrades and rescaling: every command in them runs, in order, as it is written."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.settings import read_settings
from suara.local import ports, stack
from tests.house.typed import forum_home, run
from tests.house.uv import ROOT
from warehouse import migrate

PAGES = ("replay", "back-up-and-restore")


def typed(page: str) -> str:
    """Return a shell script of all commands of a page, each shown before it runs."""
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line]
    assert len(lines) > 5
    return "\n".join(f"cat <<'SHOWN'\n$ {line}\nSHOWN\n{line}" for line in lines)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with forum_home("recovery") as home:
        yield home


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs_as_typed(page: str, environment: dict[str, str], tmp_path: Path) -> None:
    before = counts(environment, tmp_path)
    said = run(typed(page), environment, tmp_path)
    posts = before["core"]["forum: posts"]
    assert re.search(rf"^ +{posts}$", said, re.MULTILINE), "the copy has as many posts"
    assert counts(environment, tmp_path) == before


def test_a_running_warehouse_is_upgraded_as_the_page_says(environment: dict[str, str], tmp_path: Path) -> None:
    before = counts(environment, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        found = stack.addresses(read_settings())
    migrate.downgrade(found.warehouse_url, "0008")
    refusal = "suara sink --until-idle 2> said && exit 9; cat said"
    said = run(refusal, environment | found.environment(), tmp_path)
    needs = "the warehouse is at revision 0008, and this version needs 0016"
    assert said == f"Error: {needs}\nRun `suara up`.\n"
    page = (ROOT / "docs" / "how-to" / "upgrade.md").read_text("utf-8")
    assert f"`{needs}`" in page
    assert "\n```\ngit pull\nmake setup\n```\n" in page, "the only lines that are not typed here"
    warehouse = json.loads(run("suara status --json", environment, tmp_path))[0]
    assert warehouse["health"] == "at revision 0008, and this version needs 0016: run `suara up`"

    said = run(typed("upgrade"), environment, tmp_path)
    assert "The warehouse is at revision 0010; this version needs 0016." in said
    run("suara up", environment, tmp_path)
    assert counts(environment, tmp_path) == before


def counts(environment: dict[str, str], folder: Path) -> dict[str, dict[str, int]]:
    """Return what `suara reconcile --json` finds, by step."""
    found: dict[str, dict[str, int]] = {}
    for one in json.loads(run("suara reconcile --json 2>/dev/null", environment, folder)):
        assert one["unexplained"] == 0
        assert one["found"] == one["expected"]
        found.setdefault(one["step"], {})[one["what"]] = one["found"]
    assert found.keys() == {"import", "sent", "log", "core"}
    return found


def test_a_difference_without_an_explanation_is_an_exit_code(environment: dict[str, str], tmp_path: Path) -> None:
    lose = 'suara psql -qc "delete from core.post where post_id = (select min(post_id) from core.post)"'
    run(
        f"{lose}; if suara reconcile > said; then exit 9; fi; grep 'core.*forum: posts.*1' said; grep -q replay said",
        environment,
        tmp_path,
    )
    run("suara replay --topic community.posts.v1 --json; suara reconcile", environment, tmp_path)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("suara replay --topic posts", "the sink reads no topic 'posts'"),
        ("suara replay --topic community.posts.v1 --from 99:0", "has no partition 99"),
        ("suara replay --topic community.posts.v1 --from 1:0 --from 2026-11-20", "but not both"),
        ("suara replay --topic community.posts.v1 --from soon", "--from: 'soon' is not a time"),
        ("suara replay --topic community.posts.v1 --into suara", "--into names the warehouse that is in use"),
        ("suara replay --topic community.posts.v1 --into postgresql://u:p@127.0.0.1:1/x", "PostgreSQL does not answer"),
        ("suara restore nothing.dump", "the sink of this home is running"),
        ("suara restore nothing.dump --into other", "nothing.dump.json cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(command: str, says: str, environment: dict[str, str], tmp_path: Path) -> None:
    run(f'if {command} 2> said; then exit 9; fi; cat said; grep -qF -- "{says}" said', environment, tmp_path)


def test_sinks_are_added_and_partitions_raised_as_typed(environment: dict[str, str], tmp_path: Path) -> None:
    """In one shell, for sinks in its background end with it; only the ports and the logs' folder are others."""
    second = ports._search(environment["SUARA_HOME"], taken=set())
    third = ports._search(environment["SUARA_HOME"], taken={second})
    script = (
        typed("rescale")
        .replace("9110", str(second))
        .replace("9111", str(third))
        .replace("> sink", f"> {tmp_path}/sink")
    )
    said = run(script, environment, ROOT)
    owned = [int(float(number)) for number in re.findall(r"^suara_sink_partitions (\S+)$", said, re.MULTILINE)]
    assert len(owned) == 4
    assert all(0 < number < 25 for number in owned), "each has a share of the 25 partitions, once it has its first"
    assert "Raised the partitions of community.posts.v1 from 12 to 24\n" in said
    for log in ("sink-2.log", "sink-3.log"):
        assert "Done:" in (tmp_path / log).read_text("utf-8")
