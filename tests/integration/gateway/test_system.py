"""What the gateway says about itself and about the parts behind it."""

import re

import httpx2
import pytest

from deploy.local import ports
from deploy.local.stack import Stack
from gateway.errors import catalogue
from tests.integration.gateway.conftest import running

PARTS = {"auth", "users", "conversations", "notifications"}


async def test_the_root_leads_everywhere(stranger: httpx2.AsyncClient) -> None:
    root = (await stranger.get("/api/v1/")).json()

    assert root.keys() == {"name", "version", "docs", "schema", "health", "resources"}
    for name in ("docs", "schema", "health"):
        assert (await stranger.get(root[name])).status_code == 200
    assert (await stranger.get("/api/versions/")).json()["versions"][0]["version"] == "v1"


async def test_health_is_public_and_names_no_address(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get("/api/v1/health/")).json() == {"status": "ok"}
    answer = await stranger.get("/api/v1/health/detailed/")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    checks = answer.json()["checks"]
    assert checks.keys() == PARTS | {f"{part}_database" for part in PARTS} | {"nats", "redis"}
    assert all(state["status"] == "ok" and state["latency_ms"] >= 0 for state in checks.values())
    assert not re.search(r"127\.0\.0\.1|localhost|:\d{4}|postgres|version", answer.text)


async def test_what_sends_do_not_need_may_be_down(platform: Stack) -> None:
    nowhere = f"127.0.0.1:{ports.free()}"
    async with (
        running(
            platform,
            users_target=nowhere,
            notifications_target=nowhere,
            nats_url=f"nats://{nowhere}",
            redis_url=f"redis://{nowhere}",
        ) as url,
        httpx2.AsyncClient(base_url=url, timeout=20) as http,
    ):
        answer = await http.get("/api/v1/health/detailed/")

        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        states = {name: state["status"] for name, state in answer.json()["checks"].items()}
        assert {name for name, state in states.items() if state == "down"} == {
            "users",
            "notifications",
            "nats",
            "redis",
        }
        assert states["users_database"] == "unknown"
        assert states["conversations"] == states["conversations_database"] == "ok"


async def test_without_conversations_nothing_can_be_sent(platform: Stack) -> None:
    async with (
        running(platform, conversations_target=f"127.0.0.1:{ports.free()}") as url,
        httpx2.AsyncClient(base_url=url, timeout=20) as http,
    ):
        answer = await http.get("/api/v1/health/detailed/")

        assert (answer.status_code, answer.json()["status"]) == (503, "down")
        assert answer.headers["Retry-After"] == "5"


async def test_every_problem_has_its_page(stranger: httpx2.AsyncClient) -> None:
    for code, entry in catalogue().items():
        page = await stranger.get(f"/api/v1/docs/errors/{code}/")
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assert str(entry.status) in page.text
    assert (await stranger.get("/api/v1/docs/errors/nothing/")).json()["code"] == "not_found"
    listed = await stranger.get("/api/v1/docs/errors/")
    assert all(f"/api/v1/docs/errors/{code}/" in listed.text for code in catalogue())


@pytest.mark.parametrize("path", ["/", "/api/v1/docs/", "/api/v1/redoc/", "/api/v1/docs/errors/"])
async def test_pages_need_no_other_host_and_hold_no_script_of_their_own(
    stranger: httpx2.AsyncClient, path: str
) -> None:
    page = await stranger.get(path)

    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert not re.search(r"<script>|<script [^>]*>[^<]|<style|style=| on\w+=", page.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        found = await stranger.get(address)
        assert found.status_code == 200, address


async def test_assets_may_be_kept_and_nothing_else_is_served_from_their_folder(stranger: httpx2.AsyncClient) -> None:
    asset = await stranger.get("/api/v1/docs/assets/swagger-ui-bundle.js")
    assert (asset.status_code, asset.headers["Cache-Control"]) == (200, "public, max-age=86400")
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "nothing.css", ""):
        missing = await stranger.get(f"/api/v1/docs/assets/{name}")
        assert missing.status_code == 404, name
    ranged = await stranger.get(
        "/api/v1/docs/assets/page.css", headers={"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(3000))}
    )
    assert ranged.status_code in {200, 206, 416}
    assert (await stranger.put("/api/v1/docs/assets/page.css")).status_code == 405


async def test_the_document_is_served_as_json_and_yaml(stranger: httpx2.AsyncClient) -> None:
    document = await stranger.get("/api/v1/schema/")
    text = await stranger.get("/api/v1/schema.yaml")

    assert document.json()["openapi"].startswith("3.1")
    assert text.headers["Content-Type"].startswith("application/yaml")
    assert text.text.startswith("openapi: 3.1")
