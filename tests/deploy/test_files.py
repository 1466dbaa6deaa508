"""The files in ``deploy`` start what there is, with settings that exist, no secrets, and as few rights as it takes."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from athena.cli import cli
from athena.config import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
SETTING = re.compile(r"\bATHENA_[A-Z][A-Z0-9_]*\b")
COMPOSE_ONLY = {"ATHENA_IMAGE"}


def commands() -> set[str]:
    return {command.name or "" for command in typer.main.get_command(cli).commands.values()}  # type: ignore[attr-defined]


def objects() -> list[dict[str, Any]]:
    """Everything that the manifests of Kubernetes make."""
    names: list[str] = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    return [each for name in names for each in yaml.safe_load_all((KUBERNETES / name).read_text())]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in objects() if each["kind"] == kind]


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [(each["metadata"]["name"], each["spec"]["template"]["spec"]) for each in of_kind("Deployment")]


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2]) for line in lines]


def test_every_setting_in_them_exists_and_no_secret_stands_there() -> None:
    known = {f"ATHENA_{name.upper()}" for name in Settings.model_fields} | COMPOSE_ONLY
    for path in (each for each in DEPLOY.rglob("*") if each.is_file()):
        text = path.read_text()
        assert set(SETTING.findall(text)) <= known, path
        assert not re.search(r"(SECRET_KEY|PASSWORD|DATABASE_URL)(: |=)(?!\")", text), path


def test_the_image_runs_without_root_and_tools_and_watches_itself() -> None:
    found = instructions()
    begin = max(number for number, (word, _) in enumerate(found) if word == "FROM")
    final = found[begin:]
    assert [word for word, _ in found[:begin]].count("FROM") == 1
    words = dict(final)
    assert words["USER"] == "10001:10001"
    assert [word for word, _ in final].index("USER") > max(n for n, (word, _) in enumerate(final) if word == "RUN")
    assert not re.search(r"pip install|apt-get|make|https?://", " ".join(text for word, text in final if word == "RUN"))
    assert yaml.safe_load(words["HEALTHCHECK"].partition("CMD ")[2]) == ["athena", "health"]
    assert yaml.safe_load(words["ENTRYPOINT"]) == ["athena"]
    assert {"health", *yaml.safe_load(words["CMD"])} <= commands()
    assert words["VOLUME"] == "/var/lib/athena"
    assert "--require-hashes" in " ".join(text for word, text in found if word == "RUN")
    base = next(text for word, text in found if word == "ARG").partition("=")[2]
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+", base)


def test_the_image_is_built_of_what_the_build_needs_alone() -> None:
    listed = (DEPLOY / "Containerfile.containerignore").read_text()
    assert (ROOT / ".dockerignore").read_text() == listed
    kept = [line[1:] for line in listed.splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    assert {"athena", "athena_client", "web", "requirements.lock", "pyproject.toml"} <= set(kept)
    assert listed.splitlines()[1] == "*"


def test_compose_starts_one_server_two_workers_and_a_database_in_order() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    services = compose["services"]
    assert set(services) == {"postgres", "api", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert {services[name]["command"][0] for name in ("api", "worker")} <= commands()
    assert services["api"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["worker"]["depends_on"] == {"api": {"condition": "service_healthy"}}
    for name in ("api", "worker"):
        service = services[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        given = {value for key, value in service["environment"].items() if key.endswith("_FILE")}
        assert given == {f"/run/secrets/{secret}" for secret in service["secrets"]}
    for service in services.values():
        assert set(service["secrets"]) <= set(compose["secrets"])
        assert {each.partition(":")[0] for each in service["volumes"]} <= set(compose["volumes"])
    assert all(port.startswith("127.0.0.1:") for port in services["api"]["ports"])


def test_what_kubernetes_is_told_belongs_together() -> None:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert {path.name for path in KUBERNETES.iterdir()} == {"kustomization.yaml", *kustomization["resources"]}
    assert all({"apiVersion", "kind", "metadata"} <= set(each) for each in objects())
    names = {(each["kind"], each["metadata"]["name"]) for each in objects()}
    assert len(names) == len(objects())
    deployments = {name for name, _ in pods()}
    assert {each["spec"]["scaleTargetRef"]["name"] for each in of_kind("HorizontalPodAutoscaler")} == deployments
    labels = {
        each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] for each in of_kind("Deployment")
    }
    for each in of_kind("PodDisruptionBudget"):
        assert each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] in labels
    assert all(
        each["spec"]["selector"]["matchLabels"] == each["spec"]["template"]["metadata"]["labels"]
        for each in of_kind("Deployment")
    )
    (service,) = of_kind("Service")
    ports = {
        port["name"] for _, pod in pods() for container in pod["containers"] for port in container.get("ports", ())
    }
    assert service["spec"]["ports"][0]["targetPort"] in ports
    (ingress,) = of_kind("Ingress")
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "athena", "port": {"name": service["spec"]["ports"][0]["name"]}}
    literals = dict(each.split("=", 1) for each in kustomization["configMapGenerator"][0]["literals"])
    assert {value.rpartition("/")[0] for key, value in literals.items() if key.endswith("_FILE")} == {
        "/run/secrets/athena"
    }


@pytest.mark.parametrize(("name", "pod"), pods())
def test_each_pod_has_few_rights_and_what_it_needs(name: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    claims = {each["metadata"]["name"] for each in of_kind("PersistentVolumeClaim")}
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] in claims
    for container in (*pod["containers"], *pod.get("initContainers", ())):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {each["name"] for each in container["volumeMounts"]} == set(volumes)
        assert container["args"][0] in commands()
        assert container["envFrom"] == [{"configMapRef": {"name": "athena"}}]
    if name == "athena-api":
        (container,) = pod["containers"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
        assert [each["args"] for each in pod["initContainers"]] == [["migrate"]]


@pytest.mark.parametrize("name", ["athena.service", "athena-worker@.service"])
def test_units_of_systemd_start_a_command_with_secrets_as_credentials(name: str) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    text = (DEPLOY / "systemd" / name).read_text()
    unit.read_string(text)
    service = unit["Service"]
    assert shlex.split(service["ExecStart"])[-1] in commands()
    credentials = {each.partition(":")[0] for each in re.findall(r"^LoadCredential=(\S+)", text, re.MULTILINE)}
    assert {each.rpartition("/")[2] for each in re.findall(r"_FILE=(%d/\S+)", text)} == credentials
    assert service["User"] != "root"
    for option in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "PrivateDevices"):
        assert service[option] == "yes"
    assert service["ProtectSystem"] == "strict"
