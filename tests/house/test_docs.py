"""The documentation: complete, up to date, linked, and every command in it is one that exists."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.settings import variables
from tests.house.commands import understand, walk
from warehouse.tables.base import METADATA

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=str)
REFERENCE = ROOT / "docs" / "reference"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the fenced blocks of a page that are in one of the languages."""
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        if language in languages:
            yield text


def commands_of(page: Path) -> list[str]:
    """Return what follows `suara` on each command line of a page's blocks."""
    lines = [line.strip() for block in blocks(page, "sh", "", "console") for line in block.splitlines()]
    command = re.compile(r"(?:^|bin/|run --rm )suara (.+?)(?:\s+> [^\s\"]+(?: 2>&1 &)?)?(?:\s+#.*)?$")
    matches = [command.search(line) for line in lines]
    return [match[1] for match in matches if match and not is_pattern(match[1])]


def mentions_of(page: Path) -> list[str]:
    """Return what follows `suara` where a sentence names a command."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [words for words in re.findall(r"`suara ([^`]+)`", text) if not is_pattern(words)]


def is_pattern(words: str) -> bool:
    """Say whether words stand for something to be filled in."""
    return bool(re.search(r"\b[A-Z]{4,}\b|\||\.\.\.|[\[{]", words))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "program", [["scripts/reference.py", "--check"], ["-m", "streams.schemas", "--check"]], ids=str
)
def test_generated_pages_say_what_the_code_says(program: list[str]) -> None:
    result = subprocess.run([sys.executable, *program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("variable", sorted(variables()))
def test_every_setting_is_documented(variable: str) -> None:
    assert f"`{variable}`" in (REFERENCE / "settings.md").read_text("utf-8")


@pytest.mark.parametrize("command", [" ".join(path) for path, _ in walk()])
def test_every_command_is_documented(command: str) -> None:
    assert f"## `suara {command}`" in (REFERENCE / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("path", [" ".join(path) for path, _ in walk()])
def test_every_command_and_option_says_what_it_is_for(path: str) -> None:
    command = next(command for found, command in walk() if " ".join(found) == path)
    assert command.help
    silent = [option.name for option in command.params if option.name != "help" and not option.help]
    assert not silent


@pytest.mark.parametrize("table", sorted(METADATA.tables))
def test_every_table_and_column_is_documented(table: str) -> None:
    text = (REFERENCE / "dictionary.md").read_text("utf-8")
    assert f"### {table}\n" in text
    chapter = text.partition(f"### {table}\n")[2].partition("\n### ")[0]
    missing = [column.name for column in METADATA.tables[table].columns if f"\n| {column.name} |" not in chapter]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_pages_exist(page: Path) -> None:
    for line in commands_of(page):
        understand(line)
    for words in mentions_of(page):
        understand(words, mentioned=True)


def test_the_check_of_commands_finds_wrong_ones() -> None:
    with pytest.raises(Exception, match="No such option"):
        understand("run weekly --wek 2026-11-02")
    assert sum(len(commands_of(page)) for page in PAGES) > 20


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_in_pages_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = "\n".join([*blocks(page, "sh", "", "console"), *re.findall(r"`(make [^`]+)`", page.read_text("utf-8"))])
    assert set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE)) <= targets


def test_every_page_is_within_reach_of_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8") + (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    lost = [
        name_of(page) for page in PAGES if page.name != "README.md" and "docs" in page.parts and page.name not in index
    ]
    assert not lost


def tracked() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if name != "uv.lock" and (ROOT / name).is_file()]


def test_nothing_speaks_of_the_machine_it_was_written_on() -> None:
    patterns = {
        "a path of one machine": r"(?<![\w.$}])/(?:work|root|home)/[a-z]",
        "a registry's host": r"pypi\.org|pythonhosted|repo1?\.maven|registry\.npmjs|deb\.debian",
        "how it was written": r"\b(?:issue|ticket) \d+\b|\bAI[- ]generated\b|\bcoding agent\b|DESIGN\.md|\bprobes\.md",
        "work left over": r"\b(?:TODO|FIXME|XXX)\b",
    }
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in (".png", ".npz", ".gz", ".bin"):
            continue
        text = path.read_text("utf-8")
        found += [f"{name_of(path)}: {what}: {m[0]}" for what, p in patterns.items() for m in re.finditer(p, text)]
    assert not found
