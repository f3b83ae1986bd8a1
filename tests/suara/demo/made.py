"""Communities that several tests look at, each generated once."""

from __future__ import annotations

from functools import cache

from suara.demo.community import Community, generate


@cache
def made(seed: int) -> Community:
    """Return the community of a seed, in its usual size."""
    return generate(seed=seed)
