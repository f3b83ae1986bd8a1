"""What is made of a broker's answer about rights; the answers of a real one are met in `suara up` and `suara sink`."""

from __future__ import annotations

import pytest

from streams.rights import Seen, _seen


@pytest.mark.parametrize(
    ("code", "operations", "seen"),
    [
        (0, ["READ", "DESCRIBE"], Seen(exists=True, hidden=False, allowed=["READ", "DESCRIBE"])),
        (3, ["CREATE", "DESCRIBE"], Seen(exists=False, hidden=False, allowed=["CREATE", "DESCRIBE"])),
        (29, None, Seen(exists=False, hidden=True, allowed=())),
        (29, [], Seen(exists=False, hidden=True, allowed=())),
        (0, None, Seen(exists=True, hidden=False, allowed=None)),
        (0, [], Seen(exists=True, hidden=False, allowed=None)),
        (3, [], Seen(exists=False, hidden=False, allowed=None)),
    ],
)
def test_a_broker_that_tells_no_rights_is_believed_to_grant_them(
    code: int, operations: list[str] | None, seen: Seen
) -> None:
    assert _seen(code, operations) == seen
