"""Runs of DAGs in this process, beside a thread that connects to PostgreSQL."""

from __future__ import annotations

import ctypes
import os

import pytest

from jobs import plan
from kernel.settings import read_settings
from suara.cli.run import _daily_runs
from suara.local.dagruns import environment_of_python


def in_c(name: str) -> bytes | None:
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    found: bytes | None = getenv(name.encode())
    return found


def test_variables_stay_in_python_meanwhile_and_reach_c_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_BEFORE", "x")
    with environment_of_python():
        os.environ["SUARA_MEANWHILE"] = "x"
        del os.environ["SUARA_BEFORE"]
        assert "SUARA_BEFORE" not in os.environ
        assert (in_c("SUARA_MEANWHILE"), in_c("SUARA_BEFORE")) == (None, b"x")
    assert (in_c("SUARA_MEANWHILE"), in_c("SUARA_BEFORE")) == (b"x", None)
    assert os.environ.pop("SUARA_MEANWHILE") == "x"
    monkeypatch.setenv("SUARA_AFTER", "y")
    assert in_c("SUARA_AFTER") == b"y"


def test_they_stay_in_python_while_days_are_encoded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "estimate", lambda _: (0, 0.0))
    with _daily_runs([], print, settings=read_settings()):
        monkeypatch.setenv("SUARA_MEANWHILE", "x")
        assert in_c("SUARA_MEANWHILE") is None
