"""The architecture: imports run down, pure rooms stay pure, and nobody reads the clock or draws lots in passing."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ROOMS: list[str] = PROJECT["tool"]["importlinter"]["root_packages"]
FILES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))

# Reads of the clock for a decision. `monotonic` only measures spans, and is harmless outside the pure rooms.
CLOCK = {"now", "utcnow", "today", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
TIME = {("time", "time"), ("time", "time_ns")}
# Lots that nobody can repeat: a generator without a seed, or the one that all modules share.
SEEDLESS = {"Random", "RandomState", "SystemRandom", "default_rng", "uuid1", "uuid4"}
SHARED = {
    "random",
    "randint",
    "randrange",
    "choice",
    "choices",
    "sample",
    "shuffle",
    "uniform",
    "gauss",
    "rand",
    "randn",
}

LONGEST_FILE = 400
LONGEST_BODY = 40


def test_imports_run_down() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_rooms_are_the_same_everywhere() -> None:
    tools = PROJECT["tool"]
    assert set(tools["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(ROOMS)
    assert set(tools["mypy"]["packages"]) == set(ROOMS)
    assert set(tools["coverage"]["run"]["source_pkgs"]) == set(ROOMS)
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"} == set(ROOMS)


def calls(tree: ast.AST) -> Iterator[tuple[int, str, str, ast.Call]]:
    """Yield line, owner, name and node of each call; the owner is the name before the dot, if there is one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner = getattr(node.func, "value", None)
            last = getattr(owner, "attr", getattr(owner, "id", ""))
            yield node.lineno, last, getattr(node.func, "attr", getattr(node.func, "id", "")), node


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_clock_and_lots_come_in_as_arguments(file: Path) -> None:
    if file == Path("kernel/clock.py"):
        return
    found = []
    for line, owner, name, node in calls(ast.parse((ROOT / file).read_text("utf-8"))):
        reads_clock = (name in CLOCK and owner in CLOCK_OWNERS) or (owner, name) in TIME
        draws_lots = (name in SEEDLESS and not node.args and not node.keywords) or (
            owner == "random" and name in SHARED
        )
        if reads_clock or draws_lots:
            found.append(f"{file}:{line}: {owner}.{name}()")
    assert not found


@pytest.mark.parametrize("file", FILES, ids=str)
def test_files_and_functions_stay_short(file: Path) -> None:
    text = (ROOT / file).read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    if "versions" in file.parts:  # a migration is one list of tables
        return
    long = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1:2] if ast.get_docstring(node) else node.body[:1]
            lines = (node.end_lineno or 0) - first[0].lineno + 1 if first else 0
            inner = [part for part in node.body if isinstance(part, ast.FunctionDef)]  # each counts by itself
            lines -= sum((part.end_lineno or 0) - part.lineno + 1 for part in inner)
            if lines > LONGEST_BODY:
                long.append(f"{node.name}: {lines} lines")
    assert not long


def test_every_module_says_why_it_exists() -> None:
    silent = [str(file) for file in FILES if not ast.get_docstring(ast.parse((ROOT / file).read_text("utf-8")))]
    assert not silent
