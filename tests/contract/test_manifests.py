"""Kubernetes manifests are valid, careful, and give each process the settings it reads: no more, no less."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pydantic_settings import BaseSettings

from tests.support.settings import PROCESSES, settings_classes
from tests.support.tree import REPOSITORY, Tree

K8S = "deploy/k8s"
SERVICES = PROCESSES.keys() - {"gateway"}

# Ends by itself when it cannot go on, and listens on nothing that could be asked.
WITHOUT_PROBES = {"beat"}

Document = dict[str, Any]


def raw(tree: Tree) -> list[Document]:
    """Read the resources as they are written."""
    paths = set(tree.files(f"{K8S}/*.yaml")) - set(tree.files("*/kustomization.yaml"))
    return [document for path in sorted(paths) for document in yaml.safe_load_all(tree.text(path))]


def rendered(overlay: str) -> list[Document]:
    """Let kustomize put an overlay together, where kubectl is there to do it; else read what it is made of."""
    if shutil.which("kubectl") is None:
        return raw(Tree.of_repository())
    run = subprocess.run(
        ["kubectl", "kustomize", REPOSITORY / K8S / overlay], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(run.stdout))


def invalid(documents: list[Document]) -> list[str]:
    found = []
    for document in documents:
        try:
            kubernetes_validate.validate(document, "1.37", strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{document['kind']} {document['metadata']['name']}: {error.message}")
    return found


def pods(documents: list[Document]) -> Iterator[tuple[str, Document, Document]]:
    """Yield kind, pod and each container of what runs."""
    for document in documents:
        if document["kind"] in {"Deployment", "StatefulSet", "Job"}:
            pod = document["spec"]["template"]["spec"]
            for container in pod["containers"]:
                yield document["kind"], pod, container


def careless(documents: list[Document]) -> list[str]:
    """Containers that may take or do more than they need, or that nobody would notice hanging."""
    found = []
    for kind, pod, container in pods(documents):
        resources, inner = container.get("resources", {}), container.get("securityContext", {})
        outer = pod.get("securityContext", {})
        care = {
            "limits": {"cpu", "memory"} <= resources.get("limits", {}).keys() & resources.get("requests", {}).keys(),
            "liveness probe": kind == "Job" or container["name"] in WITHOUT_PROBES or "livenessProbe" in container,
            "no privileges": inner.get("allowPrivilegeEscalation") is False,
            "no capabilities": inner.get("capabilities", {}).get("drop") == ["ALL"],
            "read-only root": inner.get("readOnlyRootFilesystem") is True,
            "not root": outer.get("runAsNonRoot") is True and outer.get("runAsUser", 0) > 0,
            "seccomp": outer.get("seccompProfile", {}).get("type") == "RuntimeDefault",
            "no token": pod.get("automountServiceAccountToken") is False,
            "no service links": pod.get("enableServiceLinks") is False,
        }
        found += [f"{container['name']}: {name}" for name, is_given in care.items() if not is_given]
    return found


def variables(tree: Tree, path: str) -> dict[str, str]:
    """Read an env file as kustomize does."""
    lines = [line for line in tree.text(path).splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def given(tree: Tree, process: str) -> dict[str, str]:
    """Put together what a process of the development cluster is given."""
    paths = [f"{K8S}/base/{process}/config.env", f"{K8S}/overlays/dev/secrets/{process}.env"]
    if process != "gateway":
        paths.append(f"{K8S}/overlays/dev/secrets/{process}-owner.env")
    return {name: value for path in paths for name, value in variables(tree, path).items()}


def misfits(given_variables: dict[str, str], settings: type[BaseSettings]) -> list[str]:
    """Compare what is given with what the settings class reads and needs."""
    fields = {name.upper(): field for name, field in settings.model_fields.items()}
    needed = {name for name, field in fields.items() if field.is_required()}
    return sorted(
        [f"{name} is read by nobody" for name in given_variables.keys() - fields.keys()]
        + [f"{name} is missing" for name in needed - given_variables.keys()]
    )


def test_the_development_cluster_is_valid_and_careful() -> None:
    documents = rendered("overlays/dev")

    assert invalid(documents) == []
    assert careless(documents) == []
    assert sum(document["kind"] == "Deployment" for document in documents) >= len(SERVICES)


def test_manifests_as_written_are_valid_and_careful(project: Tree) -> None:
    assert invalid(raw(project)) == []
    assert careless(raw(project)) == []


def test_every_process_has_an_image_that_something_runs(project: Tree) -> None:
    stages = re.findall(r"^FROM process AS (\w+)$", project.text("deploy/docker/Dockerfile"), re.MULTILINE)
    images = {container["image"].split(":")[0] for _, _, container in pods(rendered("overlays/dev"))}

    assert set(stages) == PROCESSES.keys()
    assert {f"messaging-{stage}" for stage in stages} <= images or shutil.which("kubectl") is None


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_given_the_settings_that_it_reads(process: str, project: Tree) -> None:
    assert misfits(given(project, process), settings_classes()[process]) == []


def test_servers_of_the_development_cluster_know_their_callers(project: Tree) -> None:
    credentials = {process: given(project, process)["SERVICE_CREDENTIAL"] for process in PROCESSES}
    for service in SERVICES:
        for caller in given(project, service)["SERVICE_CALLERS"].split(","):
            name, digest = caller.split("=")
            assert digest == hashlib.sha256(credentials[name].encode()).hexdigest()


def test_targets_name_services_of_the_cluster(project: Tree) -> None:
    names = {f"{service}-grpc" for service in SERVICES}
    targets = {
        value for process in PROCESSES for name, value in given(project, process).items() if name.endswith("_TARGET")
    }

    assert targets <= {f"dns:///{name}:50051" for name in names}


def test_careless_and_invalid_manifests_are_found() -> None:
    container = {"name": "server", "image": "x", "livenesProbe": {}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "server"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }

    assert "livenesProbe" in invalid([document])[0]
    assert len(careless([document])) == 9


def test_settings_that_do_not_fit_are_found() -> None:
    class Settings(BaseSettings):
        database_url: str
        log_level: str = "INFO"

    assert misfits({"LOG_LEVEL": "INFO", "TYPO": "1"}, Settings) == [
        "DATABASE_URL is missing",
        "TYPO is read by nobody",
    ]
