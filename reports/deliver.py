"""Sending a promoted report: e-mail by SMTP, or an incoming webhook. The one place in this room that reaches out."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import httpx

from kernel.errors import PartUnavailableError, SettingsError
from kernel.settings import DeliverySettings

TIMEOUT_SECONDS = 30


def send(address: str, *, subject: str, text: str, html: str, settings: DeliverySettings) -> None:
    """Send to an e-mail address, or to the webhook where `address` is "webhook".

    Raises `SettingsError` where the way out is not set, `PartUnavailableError` where it does not answer.
    """
    if address == "webhook":
        _post(text, settings)
    elif "@" in address:
        _mail(address, subject=subject, text=text, html=html, settings=settings)
    else:
        message = f"deliver_to holds '{address}', which is neither an e-mail address nor 'webhook'"
        raise SettingsError(message)


def _post(text: str, settings: DeliverySettings) -> None:
    if settings.webhook_url is None:
        message = "deliver_to names the webhook, and SUARA_DELIVERY__WEBHOOK_URL is not set"
        raise SettingsError(message)
    try:
        answer = httpx.post(settings.webhook_url.get_secret_value(), json={"text": text}, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        # The error's own words hold the address, which is a secret.
        message = f"the webhook of SUARA_DELIVERY__WEBHOOK_URL refused or did not answer ({type(error).__name__})"
        raise PartUnavailableError(message) from None


def _mail(to: str, *, subject: str, text: str, html: str, settings: DeliverySettings) -> None:
    if settings.smtp_url is None:
        message = f"deliver_to names {to}, and SUARA_DELIVERY__SMTP_URL is not set"
        raise SettingsError(message)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.sender, to, subject
    mail.set_content(text)
    mail.add_attachment(html.encode(), maintype="text", subtype="html", filename="report.html")
    url = urlsplit(settings.smtp_url.get_secret_value())
    try:
        with _smtp(url.scheme, url.hostname or "", url.port) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        message = f"the mail server of SUARA_DELIVERY__SMTP_URL refused or did not answer ({type(error).__name__})"
        raise PartUnavailableError(message) from error


def _smtp(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS)
    server = smtplib.SMTP(host, port or 587, timeout=TIMEOUT_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls()
        server.ehlo()
    return server
