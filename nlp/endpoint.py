"""A model behind an OpenAI-compatible API. The one place in this room that reaches out.

Neither what is asked nor what an endpoint says in words, which may repeat it, is ever logged or put into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import httpx

from kernel.errors import PartUnavailableError, SettingsError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from kernel.settings import EncoderSettings, NamerSettings

# The longest that an endpoint's own Retry-After is followed.
_LONGEST_PAUSE = 60.0
_BUSY = frozenset([408, 429, 500, 502, 503, 504])


class BusyError(PartUnavailableError):
    """The endpoint may answer later; `after` is how many seconds it asks for."""

    def __init__(self, message: str, *, remedy: str, after: float = 0.0) -> None:
        super().__init__(message, remedy=remedy)
        self.after = after


def _never(_bytes: int) -> bool:
    return False


class Endpoint:
    """`POST <url>/<path>` of a model. `who` names both, `remedy` says which settings to look at."""

    def __init__(
        self,
        chosen: EncoderSettings | NamerSettings,
        path: str,
        *,
        group: Literal["SUARA_ENCODER", "SUARA_NAMER"],
        remedies: Mapping[int, str] | None = None,
    ) -> None:
        """Take the settings of a `group` of variables. `remedies` say by status what to do about a refusal."""
        key = f"{group}__API_KEY"
        self._url = _address(chosen.url or "", path, variable=f"{group}__URL", key=key)
        self._headers = _headers(chosen.api_key, variable=key)
        self._timeout = chosen.timeout_seconds
        self.who = f"the model '{chosen.model}' at {self._url.scheme}://{self._url.netloc.decode()}{self._url.path}"
        self.remedy = f"Check {group}__URL (it mostly ends in /v1) and {group}__MODEL."
        self._remedies = {
            401: f"Set {key}, or {key}_FILE, to a key that this endpoint accepts.",
            403: f"Set {key}, or {key}_FILE, to a key that may use this model.",
            **(remedies or {}),
        }

    def open(self) -> httpx.Client:
        """Return a client that keeps its connection from one request to the next."""
        return httpx.Client(headers=self._headers)

    def post(
        self,
        client: httpx.Client,
        request: Mapping[str, Any],
        *,
        seconds: float | None = None,
        enough: Callable[[int], bool] = _never,
    ) -> bytes:
        """Return the body of the answer; `enough` is told after each piece how many bytes came, and may end it.

        `seconds` is how long the endpoint may be silent, if not as long as the settings say. Raises `SettingsError`
        where it refuses, and `BusyError` where it is busy, silent or away, or says more than enough.
        """
        timeout = self._timeout if seconds is None else seconds
        body = bytearray()
        try:
            with client.stream("POST", self._url, json=request, timeout=timeout) as answer:
                self._require_success(answer)
                for piece in answer.iter_bytes():
                    body += piece
                    if enough(len(body)):
                        break
                else:
                    return bytes(body)
            problem = "answers longer than it may"
        except httpx.TimeoutException:
            problem = f"gives no answer within {timeout:g} s"
        except httpx.ConnectError as error:
            problem = f"cannot be reached: {error}"
        except httpx.RequestError as error:
            problem = f"breaks off ({type(error).__name__})"
        raise self._busy(problem)

    def _require_success(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in _BUSY:
            problem = f"answers {status}"
            raise self._busy(problem, after=_retry_after(answer))
        if not answer.is_success:
            said = f"refuses the key ({status})" if status in (401, 403) else f"says {status}"
            message = f"{self.who} {said}"
            raise SettingsError(message, remedy=self._remedies.get(status, self.remedy))

    def _busy(self, problem: str, *, after: float = 0.0) -> BusyError:
        remedy = f"{self.remedy} Once it answers, run the same again: what was stored is kept."
        return BusyError(f"{self.who} {problem}", remedy=remedy, after=after)


def _address(url: str, path: str, *, variable: str, key: str) -> httpx.URL:
    """Return the address of the endpoint. Raises `SettingsError` for one that is none, or that holds a secret."""
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL()
    if base.scheme not in ("http", "https") or not base.host:
        message = f"{variable} is no address"
        raise SettingsError(message, remedy="It looks like https://api.example.org/v1")
    if base.userinfo:
        message = f"{variable} holds a name or a password"
        raise SettingsError(message, remedy=f"Put the key into {key}, or into a file that {key}_FILE names.")
    return base.copy_with(path=f"{base.path.rstrip('/').removesuffix(f'/{path}')}/{path}")


def _headers(key: SecretStr | None, *, variable: str) -> dict[str, str]:
    secret = key.get_secret_value() if key else ""
    if not (secret.isascii() and secret.isprintable()):
        message = f"{variable} holds a character that no key has"
        raise SettingsError(message, remedy="Look for a line break in it, or a letter outside of ASCII.")
    return {"Authorization": f"Bearer {secret}"} if secret else {}


def _retry_after(answer: httpx.Response) -> float:
    """Return the seconds that the endpoint asks to be left alone; 0 where it names none, or a date."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else 0.0
