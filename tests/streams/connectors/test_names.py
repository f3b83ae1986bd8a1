from __future__ import annotations

import pytest

from streams.connectors.names import name_reader


def test_topics_written_with_dots_are_read_back() -> None:
    read = name_reader(["simp.3F.20tactic", ".E2.9C.94.20done", "plain"])
    assert read("simp.3F.20tactic") == "simp? tactic"
    assert read(".E2.9C.94.20done") == "✔ done"
    assert read("v4.2E8.2E0") == "v4.8.0"


def test_streams_written_as_addresses_are_read_back() -> None:
    read = name_reader(["217875-Is-there-code-for-X%3F", "113488-general"])
    assert read("217875-Is-there-code-for-X%3F") == "Is there code for X?"
    assert read("113488-general") == "general"


@pytest.mark.parametrize(
    ("values", "value"),
    [
        (["release v4.20", "planning"], "v4.20"),  # blanks: people's own spelling
        (["v4.20", "a.b"], "v4.20"),  # a dot that escapes nothing
        (["2004-11-15_03.log"], "2004-11-15_03.log"),  # a date is no number of a stream
        (["well-known", "half-life"], "half-life"),
        (["100%", "50%"], "100%"),
        (["a%FFb"], "a%FFb"),  # not UTF-8 once decoded
        (["bell%07"], "bell%07"),  # nothing that can be shown
        ([], "anything"),
    ],
)
def test_other_names_stay_as_they_are(values: list[str], value: str) -> None:
    assert name_reader(values)(value) == value
