"""Throws mutated records at the decoder until one raises something, or leaks: needs `atheris`, which no test needs.

    uv run --with atheris python -m tests.streams.fuzz FOLDER -max_total_time=3600

FOLDER keeps what was found to be interesting; a record that breaks something is written to the working folder. It goes
into `poison.py`, so that every later run of the tests knows it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["streams", "kernel"]):
    from streams.decode import Rejection, decode
    from streams.events import encode
    from streams.stage import Arrival, stage

from tests.streams.conftest import NOW
from tests.streams.poison import ACCEPTED, REFUSED, SECRET, VALUE

STAGES = {"size", "decode", "validate"}


def once(value: bytes) -> None:
    """Decode one record: a rejection says a reason and nothing of the words; an event can be staged and sent again."""
    found = decode(value, record_ts=NOW)
    if isinstance(found, Rejection):
        assert found.stage in STAGES
        assert found.reason
        assert SECRET not in f"{found.reason} {found.detail}"
        return
    stage([Arrival(None, NOW, found)])  # type: ignore[arg-type]
    again = decode(encode(found), record_ts=NOW)
    assert again == found, "an event that was accepted is another one when it is sent again"


def main() -> None:
    """Fuzz from every kind of record that is known."""
    seeds = Path(tempfile.mkdtemp(prefix="suara-fuzz-"))
    for number, value in enumerate([VALUE, *(kind.value for kind in (*REFUSED, *ACCEPTED))]):
        if value and len(value) < 10_000:
            (seeds / str(number)).write_bytes(value)
    words = sorted({word for name in _names(json.loads(VALUE)) for word in (name, f'"{name}":')})
    dictionary = seeds.parent / f"{seeds.name}.dict"
    dictionary.write_text("".join(f"{json.dumps(word)}\n" for word in words), "utf-8")
    atheris.Setup([*sys.argv, str(seeds), f"-dict={dictionary}", "-max_len=4096", "-rss_limit_mb=3000"], once)
    atheris.Fuzz()


def _names(value: object) -> set[str]:
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(_names(part) for part in value.values()))


if __name__ == "__main__":
    main()
