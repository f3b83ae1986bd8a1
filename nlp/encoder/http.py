"""An HTTP endpoint that speaks OpenAI's embeddings protocol. The one place in this room that reaches out.

Texts go out and vectors come back. Neither the texts nor what an endpoint says in words, which may repeat them, is
ever logged or put into an error.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import httpx
import msgspec
import numpy as np

from kernel.errors import PartUnavailableError, SettingsError
from kernel.log import logger
from nlp.encoder.base import DIMENSIONS, Vectors, needed, prefixed, require_width, safe, unit

if TYPE_CHECKING:
    from pydantic import SecretStr

    from kernel.settings import EncoderSettings

# Seconds before each further try of a request.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
# The longest that an endpoint's own Retry-After is followed.
_LONGEST_PAUSE = 60.0
_BUSY = frozenset([408, 429, 500, 502, 503, 504])
_KEY = "SUARA_ENCODER__API_KEY"
_PLACE = "Check SUARA_ENCODER__URL (it mostly ends in /v1) and SUARA_ENCODER__MODEL."
_REMEDIES = {
    401: f"Set {_KEY}, or {_KEY}_FILE, to a key that this endpoint accepts.",
    403: f"Set {_KEY}, or {_KEY}_FILE, to a key that may use this model.",
    400: "Check SUARA_ENCODER__MODEL, and SUARA_ENCODER__SHORTEN, which not every model understands.",
    413: "Send it less at once: lower SUARA_ENCODER__BATCH.",
}

_log = logger("nlp")


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class _BusyError(PartUnavailableError):
    """The endpoint may answer later; `after` is how many seconds it asks for."""

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        super().__init__(
            message, remedy=f"{_PLACE} Once it answers, run the same again: what was encoded and stored is kept."
        )
        self.problem = message
        self.after = after


class HttpEncoder:
    """A model behind `POST <url>/embeddings`."""

    def __init__(self, chosen: EncoderSettings, *, pauses: Sequence[float] = PAUSES) -> None:
        self.name = name_of(chosen)
        self._url = _address(needed(chosen.url, "SUARA_ENCODER__URL", encoder="http"))
        self._who = f"the model '{chosen.model}' at {self._url.scheme}://{self._url.netloc.decode()}{self._url.path}"
        self._request = {"model": chosen.model} | ({"dimensions": DIMENSIONS} if chosen.shorten else {})
        self._headers = _headers(chosen.api_key)
        self._prefix, self._batch, self._timeout = chosen.prefix, chosen.batch, chosen.timeout_seconds
        self._pauses = pauses

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of length one for each text, in order: shape (n, 384).

        Raises `SettingsError` where the endpoint refuses or has another width, `PartUnavailableError` where it does
        not answer, or answers in another protocol.
        """
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        # Many endpoints refuse an empty text.
        said = [safe(self._prefix + text) or " " for text in texts]
        with httpx.Client(headers=self._headers, timeout=self._timeout) as client:
            for start in range(0, len(said), self._batch):
                batch = said[start : start + self._batch]
                rows[start : start + len(batch)] = self._vectors(self._ask(client, batch), len(batch))
        return rows

    def _ask(self, client: httpx.Client, batch: Sequence[str]) -> bytes:
        """Return the body of the answer, after one try more than there are pauses."""
        for pause in self._pauses:
            try:
                return self._ask_once(client, batch)
            except _BusyError as busy:
                _log.warning("the encoder is asked again", problem=busy.problem)
                time.sleep(max(pause, busy.after))
        return self._ask_once(client, batch)

    def _ask_once(self, client: httpx.Client, batch: Sequence[str]) -> bytes:
        try:
            answer = client.post(self._url, json={**self._request, "input": batch})
        except httpx.TimeoutException:
            message = f"{self._who} gives no answer within {self._timeout:g} s"
            raise _BusyError(message) from None
        except httpx.ConnectError as error:
            message = f"{self._who} cannot be reached: {error}"
            raise _BusyError(message) from None
        except httpx.RequestError as error:
            message = f"{self._who} breaks off ({type(error).__name__})"
            raise _BusyError(message) from None
        status = answer.status_code
        if status in _BUSY:
            message = f"{self._who} answers {status}"
            raise _BusyError(message, after=_retry_after(answer))
        if not answer.is_success:
            said = f"refuses the key ({status})" if status in (401, 403) else f"says {status}"
            message = f"{self._who} {said}"
            raise SettingsError(message, remedy=_REMEDIES.get(status, _PLACE))
        return answer.content

    def _vectors(self, body: bytes, texts: int) -> Vectors:
        try:
            rows = sorted(msgspec.json.decode(body, type=_Answer).data, key=lambda row: row.index)
        except msgspec.ValidationError as error:
            message = f"{self._who} answers in another shape than OpenAI's: {error}"
            raise PartUnavailableError(message, remedy=_PLACE) from None
        except msgspec.DecodeError:
            message = f"{self._who} answers with a body that is no JSON"
            raise PartUnavailableError(message, remedy=_PLACE) from None
        if [row.index for row in rows] != list(range(texts)):
            message = f"{self._who} gives {len(rows)} vectors for {texts} texts, or numbers them otherwise"
            raise PartUnavailableError(message, remedy="Lower SUARA_ENCODER__BATCH, or use another endpoint.")
        for width in {len(row.embedding) for row in rows}:
            require_width(width, self._who)
        return unit([row.embedding for row in rows], self._who)


def name_of(chosen: EncoderSettings) -> str:
    """Return the name of the encoder: the model's, wherever it runs. Raises `SettingsError` where none is set."""
    return prefixed(f"http-{needed(chosen.model, 'SUARA_ENCODER__MODEL', encoder='http')}", chosen.prefix)


def _address(url: str) -> httpx.URL:
    """Return the address of the endpoint. Raises `SettingsError` for one that is none, or that holds a secret."""
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL()
    if base.scheme not in ("http", "https") or not base.host:
        message = "SUARA_ENCODER__URL is no address"
        raise SettingsError(message, remedy="It looks like https://api.example.org/v1")
    if base.userinfo:
        message = "SUARA_ENCODER__URL holds a name or a password"
        raise SettingsError(message, remedy=f"Put the key into {_KEY}, or into a file that {_KEY}_FILE names.")
    return base.copy_with(path=f"{base.path.rstrip('/').removesuffix('/embeddings')}/embeddings")


def _headers(key: SecretStr | None) -> dict[str, str]:
    secret = key.get_secret_value() if key else ""
    if not (secret.isascii() and secret.isprintable()):
        message = f"{_KEY} holds a character that no key has"
        raise SettingsError(message, remedy="Look for a line break in it, or a letter outside of ASCII.")
    return {"Authorization": f"Bearer {secret}"} if secret else {}


def _retry_after(answer: httpx.Response) -> float:
    """Return the seconds that the endpoint asks to be left alone; 0 where it names none, or a date."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else 0.0
