"""What every test may use. The servers are real, start when first asked for, and end with the session."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Importing Airflow makes its home at once, so the place is set before any test module is read.
_airflow_home = tempfile.mkdtemp(prefix="suara-airflow-")
atexit.register(shutil.rmtree, _airflow_home, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = _airflow_home

# A developer's own settings must not reach the tests.
for _name in [name for name in os.environ if name.startswith("SUARA_")]:
    if not _name.startswith("SUARA_LOCAL__MAVEN_REPOSITORY"):
        del os.environ[_name]

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.secure_broker", "tests.fixtures.community"]
