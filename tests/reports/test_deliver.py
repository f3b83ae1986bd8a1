"""Delivery against real listeners on the loopback."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from kernel.errors import PartUnavailableError, SettingsError
from kernel.settings import DeliverySettings
from reports.deliver import send

REPORT = {"subject": "Week", "text": "Three things changed.", "html": "<p>Three things changed.</p>"}


class _Webhook(http.server.BaseHTTPRequestHandler):
    status = 200
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[type[_Webhook]]:
    handler = type("Handler", (_Webhook,), {"bodies": []})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        handler.url = f"http://127.0.0.1:{server.server_port}/secret-token"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


class _Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as one delivery needs."""

    letters: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.letters.append(b"".join(lines).decode())
            if verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def mailbox() -> Iterator[type[_Mailbox]]:
    handler = type("Handler", (_Mailbox,), {"letters": []})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        handler.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


def test_webhook_gets_the_short_text(webhook):
    send("webhook", **REPORT, settings=DeliverySettings(webhook_url=SecretStr(webhook.url)))
    assert [json.loads(body) for body in webhook.bodies] == [{"text": REPORT["text"]}]


def test_refusing_webhook_is_named_without_its_secret(webhook):
    webhook.status = 403
    with pytest.raises(PartUnavailableError) as caught:
        send("webhook", **REPORT, settings=DeliverySettings(webhook_url=SecretStr(webhook.url)))
    assert "SUARA_DELIVERY__WEBHOOK_URL" in str(caught.value)
    assert "secret-token" not in str(caught.value)


def test_mail_carries_text_and_page(mailbox):
    send("team@example.org", **REPORT, settings=DeliverySettings(smtp_url=SecretStr(mailbox.url)))
    (letter,) = mailbox.letters
    assert "To: team@example.org" in letter
    assert REPORT["text"] in letter
    assert 'filename="report.html"' in letter


def test_mail_server_that_is_away_is_named():
    with pytest.raises(PartUnavailableError, match="SUARA_DELIVERY__SMTP_URL"):
        send("team@example.org", **REPORT, settings=DeliverySettings(smtp_url=SecretStr("smtp://127.0.0.1:9")))


@pytest.mark.parametrize("address", ["webhook", "team@example.org", "team"])
def test_way_out_that_is_not_set_is_named(address):
    with pytest.raises(SettingsError):
        send(address, **REPORT, settings=DeliverySettings())
