"""Settings: what is wrong is named, with its place and the nearest valid spelling."""

from __future__ import annotations

import pytest

from kernel.community import read_community
from kernel.errors import SettingsError
from kernel.settings import read_settings, variables


def test_nothing_set_means_embedded_parts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    assert settings.kafka.bootstrap_servers is None
    assert settings.warehouse.url is None
    assert settings.home == tmp_path / ".suara"


@pytest.mark.parametrize("variable", sorted(variables()))
def test_misspelt_variable_names_the_right_one(variable):
    with pytest.raises(SettingsError, match=f"did you mean {variable}"):
        read_settings({variable[:-1]: "1"})


def test_secret_comes_from_a_file(tmp_path):
    secret = tmp_path / "url"
    secret.write_text("postgresql://owner:pw@db:5432/suara\n")
    url = read_settings({"SUARA_WAREHOUSE__URL_FILE": str(secret)}).warehouse.url
    assert url is not None
    assert url.get_secret_value() == "postgresql://owner:pw@db:5432/suara"
    assert "pw" not in repr(url)


def test_secret_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(SettingsError, match="SUARA_WAREHOUSE__URL_FILE"):
        read_settings({"SUARA_WAREHOUSE__URL_FILE": str(tmp_path / "no")})


def test_file_that_is_named_and_missing_is_an_error_and_the_usual_one_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_settings({}).community.areas == {}
    named = read_settings({"SUARA_CONFIG": "mine.toml"})
    with pytest.raises(SettingsError, match=r"SUARA_CONFIG names .*mine\.toml"):
        _ = named.community
    assert "SUARA_CONFIG" in named.places()
    assert "SUARA_CONFIG" not in read_settings({}).places()


def test_area_may_not_take_the_name_of_the_whole(tmp_path):
    path = tmp_path / "suara.toml"
    path.write_text('[areas.pay]\nteam = "x"\n\n[areas.community]\nteam = "y"\n')
    with pytest.raises(SettingsError, match=r"suara\.toml:4: .*the report of the whole"):
        read_community(path)


def test_wrong_value_names_the_variable():
    with pytest.raises(SettingsError, match="SUARA_KAFKA__PARTITIONS"):
        read_settings({"SUARA_KAFKA__PARTITIONS": "many"})


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ('[community]\nname = "x"\ntimezon = "UTC"\n', 3, "'community.timezon'; did you mean 'timezone'"),
        ('[sourcs.a]\nkind = "chat"\n', 1, "did you mean 'sources'"),
        ('[areas.pay]\nteam = "x"\n\nownr = "y"\n', 4, "did you mean 'owner'"),
        ("[areas.pay]\nowner = 'x'\n", 1, "'areas.pay.team'"),
        ('[community]\ntimezone = "Asia/Jakrata"\n', 2, "not a known time zone"),
        ("\n[retention]\nopen_dead_letter_days = 9\n", 2, "open_dead_letter_days is less than dead_letter_days"),
        ("[response]\nsla_hours = 0\n", 2, "greater than or equal to 1"),
        ('[sources."A b"]\nkind = "chat"\n', 1, "'sources.A b'"),
    ],
)
def test_wrong_key_is_named_with_its_line(tmp_path, content, line, words):
    path = tmp_path / "suara.toml"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        read_community(path)
    assert f"{path}:{line}: " in str(caught.value)
    assert words in str(caught.value)


def test_broken_toml_is_named(tmp_path):
    path = tmp_path / "suara.toml"
    path.write_text("[community\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        read_community(path)


def test_missing_file_means_defaults(tmp_path):
    assert read_community(tmp_path / "none.toml").community.languages == ("en", "id")
