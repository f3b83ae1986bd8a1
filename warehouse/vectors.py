"""Vectors as numpy arrays, whichever way the driver hands them over."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import Vector
from pgvector.psycopg import register_vector
from sqlalchemy import Connection

from warehouse.bulk import driver_of

Vectors = NDArray[np.float32]


def speak_vectors(connection: Connection) -> None:
    """Teach the connection under `connection` to send vectors in binary; text is many times slower."""
    register_vector(driver_of(connection))


def array(value: Any) -> Vectors:
    """Return a vector read from the database as float32."""
    return np.asarray(value.to_numpy() if isinstance(value, Vector) else value, dtype=np.float32)
