"""A model behind an HTTP endpoint that speaks OpenAI's embeddings protocol: texts go out and vectors come back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from kernel.errors import PartUnavailableError
from kernel.log import logger
from nlp.encoder.base import DIMENSIONS, Vectors, needed, prefixed, require_width, safe, unit
from nlp.endpoint import BusyError, Endpoint

if TYPE_CHECKING:
    import httpx

    from kernel.settings import EncoderSettings

# Seconds before each further try of a request.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_REMEDIES = {
    400: "Check SUARA_ENCODER__MODEL, and SUARA_ENCODER__SHORTEN, which not every model understands.",
    413: "Send it less at once: lower SUARA_ENCODER__BATCH.",
}

_log = logger("nlp")


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class HttpEncoder:
    """A model behind `POST <url>/embeddings`."""

    def __init__(self, chosen: EncoderSettings, *, pauses: Sequence[float] = PAUSES) -> None:
        self.name = name_of(chosen)
        needed(chosen.url, "SUARA_ENCODER__URL", encoder="http")
        self._endpoint = Endpoint(chosen, "embeddings", group="SUARA_ENCODER", remedies=_REMEDIES)
        self._request = {"model": chosen.model} | ({"dimensions": DIMENSIONS} if chosen.shorten else {})
        self._prefix, self._batch = chosen.prefix, chosen.batch
        self._pauses = pauses

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of length one for each text, in order: shape (n, 384).

        Raises `SettingsError` where the endpoint refuses or has another width, `PartUnavailableError` where it does
        not answer, or answers in another protocol.
        """
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        # Many endpoints refuse an empty text.
        said = [safe(self._prefix + text) or " " for text in texts]
        with self._endpoint.open() as client:
            for start in range(0, len(said), self._batch):
                batch = said[start : start + self._batch]
                rows[start : start + len(batch)] = self._vectors(self._ask(client, batch), len(batch))
        return rows

    def _ask(self, client: httpx.Client, batch: Sequence[str]) -> bytes:
        """Return the body of the answer, after one try more than there are pauses."""
        request = {**self._request, "input": batch}
        for pause in self._pauses:
            try:
                return self._endpoint.post(client, request)
            except BusyError as busy:
                _log.warning("the encoder is asked again", problem=busy.args[0])
                time.sleep(max(pause, busy.after))
        return self._endpoint.post(client, request)

    def _vectors(self, body: bytes, texts: int) -> Vectors:
        try:
            rows = sorted(msgspec.json.decode(body, type=_Answer).data, key=lambda row: row.index)
        except msgspec.ValidationError as error:
            message = f"{self._endpoint.who} answers in another shape than OpenAI's: {error}"
            raise PartUnavailableError(message, remedy=self._endpoint.remedy) from None
        except msgspec.DecodeError:
            message = f"{self._endpoint.who} answers with a body that is no JSON"
            raise PartUnavailableError(message, remedy=self._endpoint.remedy) from None
        if [row.index for row in rows] != list(range(texts)):
            message = f"{self._endpoint.who} gives {len(rows)} vectors for {texts} texts, or numbers them otherwise"
            raise PartUnavailableError(message, remedy="Lower SUARA_ENCODER__BATCH, or use another endpoint.")
        for width in {len(row.embedding) for row in rows}:
            require_width(width, self._endpoint.who)
        return unit([row.embedding for row in rows], self._endpoint.who)


def name_of(chosen: EncoderSettings) -> str:
    """Return the name of the encoder: the model's, wherever it runs. Raises `SettingsError` where none is set."""
    return prefixed(f"http-{needed(chosen.model, 'SUARA_ENCODER__MODEL', encoder='http')}", chosen.prefix)
