"""HTML of the documentation: plain pages whose scripts and styles are files of their own, as the policy demands."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from gateway.errors import Entry

ASSETS = "/api/v1/docs/assets"
STATIC = Path(__file__).parent.parent / "static"
CACHED = {"Cache-Control": "public, max-age=300"}


def _page(title: str, body: str, *, style: str = "page.css", scripts: tuple[str, ...] = ()) -> str:
    sources = "".join(f'<script src="{ASSETS}/{script}"></script>' for script in scripts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="{ASSETS}/favicon.png"><link rel="stylesheet" href="{ASSETS}/{style}"></head>'
        f"<body>{body}{sources}</body></html>"
    )


def error(entry: Entry) -> str:
    """The page of one problem."""
    again = "The same request may succeed later." if entry.is_retryable else "Repeating the request does not help."
    return _page(
        entry.title,
        f"<main><h1>{escape(entry.title)}</h1><p><code>{escape(entry.code)}</code> · HTTP {entry.status}</p>"
        f'<p>{escape(entry.text)}</p><p>{again}</p><p><a href="/api/v1/docs/errors/">All problems</a></p></main>',
    )


def errors(entries: Iterable[Entry]) -> str:
    """The list of all problems."""
    rows = "".join(
        f'<tr><td><a href="/api/v1/docs/errors/{escape(entry.code)}/"><code>{escape(entry.code)}</code></a></td>'
        f"<td>{entry.status}</td><td>{escape(entry.text)}</td></tr>"
        for entry in entries
    )
    return _page("Problems", f"<main><h1>Problems</h1><table><tr><th>Code<th>HTTP<th>Meaning</tr>{rows}</table></main>")


HOME = _page(
    "Messaging platform",
    "<main><h1>Messaging platform</h1><ul>"
    '<li><a href="/api/v1/docs/">Try the API</a> (Swagger UI)</li>'
    '<li><a href="/api/v1/redoc/">Read the API</a> (ReDoc)</li>'
    '<li><a href="/api/v1/schema/">OpenAPI document</a>, also <a href="/api/v1/schema.yaml">as YAML</a></li>'
    '<li><a href="/api/v1/docs/errors/">Problems and what they mean</a></li>'
    '<li><a href="/api/v1/health/detailed/">Health</a></li>'
    "</ul></main>",
)
SWAGGER = _page(
    "API · Swagger UI",
    '<div id="swagger"></div>',
    style="swagger-ui.css",
    scripts=("swagger-ui-bundle.js", "swagger.js"),
)
REDOC = _page("API · ReDoc", '<div id="redoc"></div>', scripts=("redoc.standalone.js", "redoc.js"))
