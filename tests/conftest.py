"""What every test may use. The servers are real, start when first asked for, and end with the session."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest

# Importing Airflow makes its home at once, so the place is set before any test module is read.
_airflow_home = tempfile.mkdtemp(prefix="suara-airflow-")
atexit.register(shutil.rmtree, _airflow_home, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = _airflow_home

# A developer's own settings must not reach the tests.
for _name in [name for name in os.environ if name.startswith("SUARA_")]:
    if not _name.startswith("SUARA_LOCAL__MAVEN_REPOSITORY"):
        del os.environ[_name]

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.secure_broker",
    "tests.fixtures.community",
    "tests.fixtures.logs",
]

# Begun first, in this order: a long file that begins late leaves its worker at it when the others have nothing to do.
_LONGEST = (
    "tests/dags/test_runs.py",
    "tests/suara/demo/test_run.py",
    "tests/house/test_readme.py",
    "tests/jobs/test_verify.py",
    "tests/house/test_recovery.py",
    "tests/suara/local/test_parts.py",
    "tests/nlp/test_registry.py",
    "tests/suara/local/test_backup.py",
    "tests/suara/local/test_airflow.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest in front."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(ranks)))
