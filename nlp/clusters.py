"""Groups of vectors that lie together: a 10-nearest-neighbour graph by cosine, cut into communities by Leiden.

One cut of such a graph is one of many that are about as good, and which one hangs on chance. What many cuts agree on
does not: a graph is cut several times, and once more with its edges weighted by how many cuts kept them.

No step draws lots of its own: equal vectors in equal order with an equal seed give equal groups. Memory grows with
the number of vectors, never with its square.
"""

from __future__ import annotations

import graspologic_native
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

NEIGHBOURS = 10
_ITERATIONS = 3
# Cuts that are asked what belongs together, and what is left of an edge that none of them kept.
_CUTS = 10
_CUT_BY_ALL = 1e-3
# Cosines that are held at once: about 130 MB, however many rows there are.
_CELLS = 2**23


def neighbours(vectors: Vectors, *, k: int = NEIGHBOURS) -> tuple[NDArray[np.int64], Vectors]:
    """Return the `k` nearest other rows of each row of unit vectors and their cosines: two arrays of shape (n, k)."""
    n = len(vectors)
    k = min(k, n - 1)
    if k < 1:
        return np.empty((n, 0), dtype=np.int64), np.empty((n, 0), dtype=np.float32)
    nearest = np.empty((n, k), dtype=np.int64)
    cosines = np.empty((n, k), dtype=np.float32)
    chunk, opposite = max(1, _CELLS // n), -vectors.T
    for start in range(0, n, chunk):
        rows = np.arange(start, min(start + chunk, n))
        far = vectors[rows] @ opposite
        far[np.arange(len(rows)), rows] = 2
        found = np.argpartition(far, k - 1, axis=1)[:, :k].copy()
        nearest[rows] = found
        cosines[rows] = -np.take_along_axis(far, found, axis=1)
    return nearest, cosines


def graph(vectors: Vectors, *, k: int = NEIGHBOURS) -> csr_matrix:
    """Return the symmetric graph that joins each row to its nearest ones, weighted by cosine."""
    n = len(vectors)
    nearest, cosines = neighbours(vectors, k=k)
    rows = np.repeat(np.arange(n), nearest.shape[1])
    directed = coo_matrix((np.maximum(cosines.ravel(), 1e-6), (rows, nearest.ravel())), shape=(n, n)).tocsr()
    return directed.maximum(directed.T).tocsr()


def communities(joined: csr_matrix, *, resolution: float, seed: int) -> Labels:
    """Return the community of each node, numbered from the largest down; ties by their first node.

    Equal seeds give equal communities, and no two seeds share a cut.
    """
    n = joined.shape[0]
    if not joined.nnz:
        return np.arange(n, dtype=np.int64)
    joined.sort_indices()
    left, right = np.repeat(np.arange(n), np.diff(joined.indptr)), joined.indices
    kept = np.zeros(joined.nnz)
    for turn in range(_CUTS):
        labels = _cut(joined, resolution=resolution, seed=_CUTS * seed + turn)
        kept += labels[left] == labels[right]
    agreed = joined.data * np.maximum(kept / _CUTS, _CUT_BY_ALL)
    weighted = csr_matrix((agreed, joined.indices, joined.indptr), shape=joined.shape)
    labels = _cut(weighted, resolution=resolution, seed=_CUTS * seed)
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return np.asarray(rank[inverse], dtype=np.int64)


def _cut(joined: csr_matrix, *, resolution: float, seed: int) -> Labels:
    """Return the community of each node by one run of Leiden."""
    n = joined.shape[0]
    _, found = graspologic_native.leiden_csr(
        joined.indptr.astype(np.int64),
        joined.indices.astype(np.int32),
        joined.data.astype(np.float64),
        n,
        resolution=resolution,
        seed=seed,
        iterations=_ITERATIONS,
    )
    return np.fromiter((found[node] for node in range(n)), dtype=np.int64, count=n)


def cluster(vectors: Vectors, *, resolution: float, seed: int) -> Labels:
    """Return the community of each row of unit vectors."""
    return communities(graph(vectors), resolution=resolution, seed=seed)
