"""The address that psql is given."""

from __future__ import annotations

from suara.local.client import variables


def test_all_that_an_address_says_reaches_psql() -> None:
    url = "postgresql+psycopg://u:p%20w@h:5433/db?sslmode=verify-full&sslrootcert=/ca.pem&options=-c%20jit%3Doff"
    assert variables(url) == {
        "PGHOST": "h",
        "PGPORT": "5433",
        "PGUSER": "u",
        "PGPASSWORD": "p w",
        "PGDATABASE": "db",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
        "PGOPTIONS": "-c jit=off",
    }
