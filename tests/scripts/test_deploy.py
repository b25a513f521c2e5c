"""The files of deploy/ agree with each other and with the program: names, commands, ports, probes, users."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from django.urls import resolve

from mageferry.cli.main import app
from mageferry.hub.configuration import Configuration

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
PREFIX = "MAGEFERRY_"
COMMANDS = {"web", "worker", "scheduler", "migrate"}

type Tree = dict[str, Any]


@cache
def read(path: str) -> str:
    return (DEPLOY / path).read_text(encoding="utf-8")


@cache
def compose() -> Tree:
    tree: Tree = yaml.safe_load(read("compose.yaml"))
    return tree


@cache
def manifests() -> dict[tuple[str, str], Tree]:
    """The Kubernetes objects by kind and name."""
    found: dict[tuple[str, str], Tree] = {}
    for file in KUBERNETES.glob("*.yaml"):
        for tree in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            key = tree["kind"], tree.get("metadata", {}).get("name", "")
            assert key not in found, f"{file.name}: {key} is there twice"
            found[key] = tree
    return found


def pods() -> Iterator[tuple[str, Tree]]:
    """The pod templates by component, with their labels."""
    for (kind, name), tree in manifests().items():
        if kind in ("Deployment", "Job"):
            yield name.removeprefix("mageferry-"), tree["spec"]["template"]


def container(component: str) -> Tree:
    (only,) = dict(pods())[component]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


@cache
def units() -> dict[str, dict[str, list[str]]]:
    """The systemd services: the values of each key, whatever its section."""
    found: dict[str, dict[str, list[str]]] = {}
    for file in (DEPLOY / "systemd").glob("*.service"):
        keys: dict[str, list[str]] = {}
        for line in file.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "[")):
                key, _, value = line.partition("=")
                keys.setdefault(key, []).append(value)
        found[re.sub(r"mageferry-(\w+)@?\.service", r"\1", file.name)] = keys
    return found


def unit_command(component: str) -> list[str]:
    (line,) = units()[component]["ExecStart"]
    program, *arguments = shlex.split(line)
    assert program == "/opt/mageferry/bin/mageferry"
    return arguments


def option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def settings() -> set[str]:
    return {PREFIX + name.upper() for name in Configuration.model_fields}


def secret_settings() -> set[str]:
    """Settings that are not to be shown."""
    fields = Configuration.model_fields.items()
    return {PREFIX + name.upper() for name, field in fields if not field.repr} | {f"{PREFIX}DATABASE_URL"}


@pytest.mark.parametrize(
    "file", sorted(str(file.relative_to(ROOT)) for file in DEPLOY.rglob("*") if file.is_file())
)
def test_every_setting_that_is_named_exists(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    # "MAGEFERRY_..." is a figure of speech.
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b(?!\.\.)", text))
    assert named <= settings()


def test_the_same_commands_run_everywhere() -> None:
    services = compose()["services"]
    assert {name for name, service in services.items() if "command" in service} == COMMANDS
    assert {component for component, _ in pods()} == COMMANDS
    assert set(units()) == COMMANDS
    for component in COMMANDS:
        for arguments in (
            services[component]["command"],
            container(component)["args"],
            unit_command(component),
        ):
            assert arguments[0] == component


def test_the_commands_of_this_version_take_these_options() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    image = re.search(r"^CMD (\[.+\])$", read("Containerfile"), re.MULTILINE)
    assert image is not None
    lines = [yaml.safe_load(image[1])]
    lines += [container(component)["args"] for component in COMMANDS]
    lines += [unit_command(component) for component in COMMANDS]
    lines += [compose()["services"][component]["command"] for component in COMMANDS]
    for name, *arguments in lines:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {each for each in arguments if each.startswith("-")} <= options


def test_the_port_is_the_same_from_the_process_to_the_service() -> None:
    web = container("web")
    port = option(web["args"], "--port")
    assert [each["containerPort"] for each in web["ports"]] == [int(port)]
    (service,) = manifests()["Service", "mageferry-web"]["spec"]["ports"]
    assert service["targetPort"] == web["ports"][0]["name"]

    composed = compose()["services"]["web"]
    assert option(composed["command"], "--port") == port
    (published,) = composed["ports"]
    assert published.split(":")[-1] == port
    assert f"http://localhost:{port}/" in composed["healthcheck"]["test"][-1]
    assert f"EXPOSE {port}" in read("Containerfile")


def test_nothing_but_this_machine_reaches_the_hub_without_a_proxy() -> None:
    assert compose()["services"]["web"]["ports"][0].startswith("127.0.0.1:")
    assert option(unit_command("web"), "--host") == "127.0.0.1"
    assert not any("ports" in service for name, service in compose()["services"].items() if name != "web")


def test_probes_ask_a_page_that_exists_by_a_name_that_is_allowed() -> None:
    allowed = manifests()["ConfigMap", "mageferry"]["data"]["MAGEFERRY_ALLOWED_HOSTS"].split(",")
    web = container("web")
    for probe in ("startupProbe", "readinessProbe"):
        asked = web[probe]["httpGet"]
        assert resolve(asked["path"]).url_name == "health"
        assert {each["name"]: each["value"] for each in asked["httpHeaders"]}["Host"] in allowed
        assert asked["port"] == web["ports"][0]["name"]
    assert resolve("/health").url_name == "health"
    assert "localhost:8000/health" in compose()["services"]["web"]["healthcheck"]["test"][-1]
    default = compose()["services"]["web"]["environment"]["MAGEFERRY_ALLOWED_HOSTS"]
    assert "localhost" in re.split("[-,}]", default)


def test_a_process_has_longer_to_stop_than_it_needs() -> None:
    grace_seconds = Configuration.model_fields["grace_seconds"].default
    for component in COMMANDS - {"migrate"}:
        service = compose()["services"][component]
        assert int(service["stop_grace_period"].removesuffix("s")) > grace_seconds
        assert dict(pods())[component]["spec"]["terminationGracePeriodSeconds"] > grace_seconds
        assert int(units()[component]["TimeoutStopSec"][0]) > grace_seconds


def test_secrets_are_kept_apart() -> None:
    open_data = manifests()["ConfigMap", "mageferry"]["data"]
    secret = manifests()["Secret", "mageferry"]["stringData"]
    assert not secret_settings() & set(open_data)
    assert set(secret) <= secret_settings()
    for name in ("compose.env.example", "systemd/mageferry.env.example"):
        for line in read(name).splitlines():
            if line.startswith((f"{PREFIX}SECRET", f"{PREFIX}ENCRYPTION", "POSTGRES_PASS", "RABBITMQ_PASS")):
                assert line.endswith("="), f"{name}: a template holds a value: {line}"


def test_nobody_is_root_and_nothing_is_written_but_to_tmp() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", read("Containerfile"), re.MULTILINE)
    assert user is not None
    for _, template in pods():
        context = template["spec"]["securityContext"]
        assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user.groups()
        assert context["runAsNonRoot"]
        (only,) = template["spec"]["containers"]
        assert only["securityContext"]["readOnlyRootFilesystem"]
        assert [each["mountPath"] for each in only["volumeMounts"]] == ["/tmp"]
    assert manifests()["ConfigMap", "mageferry"]["data"]["MAGEFERRY_HOME"].startswith("/tmp/")
    assert all(keys["User"] == ["mageferry"] for keys in units().values())
    assert all(compose()["services"][component]["read_only"] for component in COMMANDS)


def test_the_image_has_one_name_and_the_version_of_this_package() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert {compose()["services"][component]["image"] for component in COMMANDS} == {
        f"mageferry:{version[1]}"
    }
    assert {container(component)["image"] for component in COMMANDS} == {"mageferry"}
    (image,) = manifests()["Kustomization", ""]["images"]
    assert (image["name"], image["newTag"]) == ("mageferry", version[1])
    (labels,) = manifests()["Kustomization", ""]["labels"]
    assert labels["pairs"]["app.kubernetes.io/version"] == version[1]


def test_the_image_is_built_from_locked_requirements_with_the_projects_python() -> None:
    text = read("Containerfile")
    python = (ROOT / ".python-version").read_text().strip()
    assert f"python:{python}-slim" in text
    assert "--require-hashes --only-binary :all: --requirement requirements/runtime.txt" in text
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for path in source.split():
            assert f"!{path}" in allowed, f"{path} doesn't get into the build"
            assert (ROOT / path).exists()


def test_selectors_find_the_pods_they_are_for() -> None:
    labels = {component: template["metadata"]["labels"] for component, template in pods()}
    for (kind, name), tree in manifests().items():
        if kind not in ("Deployment", "PodDisruptionBudget", "Service"):
            continue
        selector = tree["spec"]["selector"]
        wanted = selector if kind == "Service" else selector["matchLabels"]
        found = {component for component, has in labels.items() if wanted.items() <= has.items()}
        assert found == {name.removeprefix("mageferry-")}, f"{kind} {name}"


def test_the_base_holds_every_manifest_but_the_template_of_the_secret() -> None:
    files = {file.name for file in KUBERNETES.glob("*.yaml")}
    listed = set(manifests()["Kustomization", ""]["resources"])
    assert files - listed == {"kustomization.yaml", "secret.example.yaml"}
    assert not listed - files


def test_what_is_mounted_or_referred_to_is_there() -> None:
    assert (DEPLOY / "rabbitmq.conf").is_file()
    assert any(each.startswith("./rabbitmq.conf:") for each in compose()["services"]["rabbitmq"]["volumes"])
    assert "default_queue_type = quorum" in read("rabbitmq.conf").splitlines()
    for _, template in pods():
        (only,) = template["spec"]["containers"]
        references = [next(iter(each.values()))["name"] for each in only["envFrom"]]
        assert references == ["mageferry", "mageferry"]
    for component, keys in units().items():
        if component != "migrate":
            assert keys["Requires"] == ["mageferry-migrate.service"]
            assert "mageferry-migrate.service" in keys["After"][0]
