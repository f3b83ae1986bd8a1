"""A sentence-transformers model in a folder on this machine, for who has installed the extra `folder` (torch)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kernel.errors import SettingsError
from nlp.encoder.base import DIMENSIONS, Vectors, needed, prefixed, require_width, safe, unit

if TYPE_CHECKING:
    from kernel.settings import EncoderSettings

_PATH = "SUARA_ENCODER__PATH"


class FolderEncoder:
    """A model that sentence-transformers runs here. Nothing is fetched, and a model with code of its own is refused."""

    def __init__(self, chosen: EncoderSettings) -> None:
        path = _folder(chosen)
        self.name = name_of(chosen)
        self._who = f"the model in {path}"
        self._prefix, self._batch = chosen.prefix, chosen.batch
        self._model = _load(path, width=DIMENSIONS if chosen.shorten else None)
        self._alone = threading.Lock()  # a tokenizer refuses a second thread
        require_width(self._model.get_embedding_dimension(), self._who)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of length one for each text, in order: shape (n, 384).

        Raises `SettingsError` where the model gives no finite numbers.
        """
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        said = [safe(self._prefix + text) for text in texts]
        with self._alone:
            rows = self._model.encode(said, batch_size=self._batch, show_progress_bar=False)
        return unit(rows, self._who)


def name_of(chosen: EncoderSettings) -> str:
    """Return the name of the encoder: the folder's, and a hash of what it holds. Raises `SettingsError`."""
    path = _folder(chosen)
    return prefixed(f"folder-{path.resolve().name}-{_hash(path)}", chosen.prefix)


def _folder(chosen: EncoderSettings) -> Path:
    path = needed(chosen.path, _PATH, encoder="folder")
    if not (path / "modules.json").is_file():
        message = f"{_PATH} names {path}, which holds no modules.json and so no sentence-transformers model"
        raise SettingsError(message, remedy="Name the folder that SentenceTransformer.save wrote, by its whole path.")
    return path


@lru_cache
def _hash(path: Path) -> str:
    """Return a short hash of the files of a folder, but for its pages and what is hidden; read once a process."""
    whole = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if file.is_file() and file.suffix != ".md" and not any(part.startswith(".") for part in inside.parts):
            with file.open("rb") as stream:
                whole.update(inside.as_posix().encode() + hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()[:8]


def _load(path: Path, *, width: int | None) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        message = "SUARA_ENCODER__NAME=folder needs sentence-transformers, which is not installed"
        remedy = "It is the extra 'folder': make setup EXTRA=folder, or pip install 'suara[folder]'."
        raise SettingsError(message, remedy=remedy) from error
    logging.disable_progress_bar()
    try:
        return SentenceTransformer(str(path), local_files_only=True, truncate_dim=width)
    except Exception as error:  # a foreign folder can break in as many ways as there are kinds of models
        message = f"the model in {path} cannot be loaded: {type(error).__name__}: {error}"
        raise SettingsError(message, remedy=f"Check that {_PATH} names a whole model.") from error
