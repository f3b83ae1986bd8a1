"""Vectors as numpy arrays, whichever way the driver hands them over."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import Vector
from pgvector.psycopg import register_vector
from psycopg.adapt import Loader
from sqlalchemy import Connection

from warehouse.bulk import driver_of

Vectors = NDArray[np.float32]


class _TextLoader(Loader):
    """Reads the text of a vector in one go; pgvector's own loader takes ten times as long."""

    def load(self, data: Any) -> Vector:
        return Vector(np.fromstring(bytes(data)[1:-1].decode("ascii"), dtype=np.float32, sep=","))


def speak_vectors(connection: Connection) -> None:
    """Teach the connection under `connection` to send vectors in binary and to read their text fast."""
    driver = driver_of(connection)
    register_vector(driver)
    driver.adapters.register_loader("vector", _TextLoader)


def array(value: Any) -> Vectors:
    """Return a vector read from the database as float32."""
    return np.asarray(value.to_numpy() if isinstance(value, Vector) else value, dtype=np.float32)
