"""docker-compose.yml and Dockerfile: valid, and meaning what the code expects. No container engine is needed."""

import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from kernel.settings import variables
from tests.house.commands import understand

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
OURS = [name for name, service in SERVICES.items() if "build" in service]
ONCE = [
    name
    for name in SERVICES
    if any(
        service.get("depends_on", {}).get(name, {}).get("condition") == "service_completed_successfully"
        for service in SERVICES.values()
    )
]
LASTING = [name for name in SERVICES if name not in ONCE and "profiles" not in SERVICES[name]]


def test_it_is_valid_by_the_compose_specification() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "docker-compose.yml",
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.match(r"\d+\.\d+\.\d+", tag), SERVICES[name]["image"]


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_is_not_restarted(name: str) -> None:
    assert SERVICES[name].get("restart", "no") == "no"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_the_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_our_containers_have_no_rights_to_spare(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].endswith(":0")
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_named_is_declared(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert {config["source"] for config in service.get("configs", [])} <= set(COMPOSE["configs"])
    named = [volume.partition(":")[0] for volume in service.get("volumes", [])]
    assert {volume for volume in named if not volume.startswith(".")} <= set(COMPOSE["volumes"])
    read = re.findall(r"/run/secrets/(\w+)", str(service["environment"]))
    assert set(read) <= set(service.get("secrets", [])), "reads a secret that it is not given"


def test_waiting_for_health_waits_for_something_that_reports_it() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_written_into_the_environment(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        if re.search(r"PASSWORD|SECRET|FERNET|SQL_ALCHEMY_CONN|WAREHOUSE__URL", variable):
            assert variable.endswith(("_FILE", "_CMD")), variable
        assert not re.search(r"://[^/]*@", value), variable


@pytest.mark.parametrize("name", OURS)
def test_our_variables_exist(name: str) -> None:
    known = variables()
    ours = [variable for variable in SERVICES[name]["environment"] if variable.startswith("SUARA_")]
    assert ours
    assert all(variable in known or variable.removesuffix("_FILE") in known for variable in ours)


def test_airflows_variables_exist() -> None:
    spec = find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    options = yaml.safe_load((Path(spec.origin).parent / "config_templates" / "config.yml").read_text("utf-8"))
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            if not variable.startswith("AIRFLOW__"):
                continue
            _, section, option = variable.removesuffix("_CMD").lower().split("__")
            assert option in options[section]["options"], variable


@pytest.mark.parametrize(
    "name", [name for name in OURS if "entrypoint" not in SERVICES[name] and "command" in SERVICES[name]]
)
def test_our_commands_are_understood(name: str) -> None:
    understand(shlex.join(SERVICES[name]["command"]))
    check = SERVICES[name].get("healthcheck", {}).get("test", [])
    if check[1:2] == ["suara"]:
        understand(shlex.join(check[2:]))


def test_addresses_name_the_services_that_listen_there() -> None:
    bootstrap = SERVICES["sink"]["environment"]["SUARA_KAFKA__BOOTSTRAP_SERVERS"]
    assert f"INTERNAL://{bootstrap}" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    execution = SERVICES["airflow-scheduler"]["environment"]["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert execution.split("/")[2].split(":")[0] in SERVICES
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_broker_is_the_one_that_is_embedded() -> None:
    version = SERVICES["kafka"]["image"].partition(":")[2]
    assert f"kafka_2.13-{version}.jar" in (ROOT / "suara" / "local" / "jars.lock").read_text("utf-8")


def test_the_image_carries_every_room_and_the_locked_airflow() -> None:
    rooms = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for room in rooms:
        assert f"COPY {room} ./{room}" in DOCKERFILE
        assert f"!{room}" in ignored
    assert "uv sync --frozen --no-dev" in DOCKERFILE
    assert re.search(r"^USER 50000:0$", DOCKERFILE, re.MULTILINE)
    python = re.search(r"FROM python:(3\.\d+)\.", DOCKERFILE)
    assert python is not None
    folder = SERVICES["airflow-dags"]["environment"]["AIRFLOW__CORE__DAGS_FOLDER"]
    assert folder == f"/app/.venv/lib/python{python[1]}/site-packages/dags"
    assert SERVICES["sink"]["image"] == f"suara:{PROJECT['project']['version']}"


def test_the_how_to_makes_every_secret_and_for_its_owner_only(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "run-with-compose.md").read_text("utf-8")
    program = re.search(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert program is not None
    subprocess.run([sys.executable, "-c", program[1]], cwd=tmp_path, check=True)
    made = sorted((tmp_path / "secrets").iterdir())
    assert [file.name for file in made] == sorted(COMPOSE["secrets"])
    assert {file.stat().st_mode & 0o777 for file in made} == {0o600}
    assert all(not file.read_text("utf-8").endswith("\n") for file in made), "Airflow would keep the line's end"
    assert "SUARA_UID" in (tmp_path / ".env").read_text("utf-8")
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] in (tmp_path / "secrets/warehouse_url").read_text(
        "utf-8"
    )


def test_uv_has_one_version() -> None:
    setup = re.search(r"^UV_VERSION=(\S+)$", (ROOT / "scripts" / "setup").read_text("utf-8"), re.MULTILINE)
    assert setup is not None
    assert f"uv=={setup[1]}" in DOCKERFILE
