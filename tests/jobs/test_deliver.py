"""Delivery checks every way out before it takes the first."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from jobs.deliver import check
from kernel.errors import SettingsError
from kernel.settings import DeliverySettings


@pytest.mark.parametrize(
    ("address", "words"),
    [("webhook", "WEBHOOK_URL is not set"), ("a@b.example", "SMTP_URL is not set"), ("rani", "neither an e-mail")],
)
def test_a_way_that_is_not_set_is_refused(address, words):
    with pytest.raises(SettingsError, match=words):
        check(address, DeliverySettings())


def test_a_way_that_is_set_passes():
    check("a@b.example", DeliverySettings(smtp_url=SecretStr("smtp://localhost")))
    check("webhook", DeliverySettings(webhook_url=SecretStr("http://localhost")))
