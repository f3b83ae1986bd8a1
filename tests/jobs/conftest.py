"""A warehouse that holds a small community."""

from __future__ import annotations

import os

import pytest

from tests.jobs.community import Community


@pytest.fixture
def forum(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Community:
    for name in [name for name in os.environ if name.startswith("SUARA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", warehouse_url)
    return Community()
