"""What browsers are shown: the page at `/`, read once from the package; and the description of the API, without any program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any, NamedTuple

# Nothing is loaded from other hosts, and text that is shown cannot run.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Said here, since the tables of some systems call scripts plain text, and browsers then do not run them.
_KINDS = {
    name: f"text/{kind}; charset=utf-8" for name, kind in (("html", "html"), ("css", "css"), ("js", "javascript"))
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "pre,code{font:14px/1.4 ui-monospace,monospace}pre{padding:1rem;border:1px solid #8888;border-radius:6px;overflow:auto}"
    "table{border-collapse:collapse}td,th{border:1px solid #8888;padding:.3rem .6rem;text-align:left;vertical-align:top}"
)


class Page(NamedTuple):
    """A file for browsers."""

    content: bytes
    media_type: str
    policy: str = POLICY


def static_pages() -> dict[str, Page]:
    """The files of the page by their paths: `/` and `/static/…`. No request ever reaches the file system."""
    folder = resources.files("adaseq.serving") / "static"
    pages: dict[str, Page] = {}
    if folder.is_dir():
        for file in folder.iterdir():
            if file.name.rpartition(".")[2] not in _KINDS:
                continue
            kind = _KINDS[file.name.rpartition(".")[2]]
            path = "/" if file.name == "index.html" else f"/static/{file.name}"
            pages[path] = Page(file.read_bytes(), kind)
    pages.setdefault(
        "/", Page(_document("AdaSeq", '<p><a href="/docs">The API</a></p>'), "text/html; charset=utf-8", _DOCS_POLICY)
    )
    return pages


def docs_page(description: Mapping[str, Any]) -> Page:
    """The OpenAPI description for people.

    Args:
        description: as `/openapi.json` gives it.
    """
    parts = [f"<h1>{escape(description['info']['title'])} {escape(description['info']['version'])}</h1>"]
    parts.append(f"<p>{escape(description['info'].get('description', ''))}</p>")
    parts.append('<p>For programs: <a href="/openapi.json">/openapi.json</a></p>')
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>")
            parts.append(f"<p>{escape(operation.get('description') or operation.get('summary') or '')}</p>")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if body is not None:
                parts.append(f"<p>Body: {_named(body)}</p>")
            rows = "".join(_answer(status, answer) for status, answer in operation.get("responses", {}).items())
            parts.append(f"<table><tr><th>status</th><th>meaning</th><th>body</th></tr>{rows}</table>")
    for name, schema in description.get("components", {}).get("schemas", {}).items():
        text = json.dumps(schema, ensure_ascii=False, indent=2)
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{escape(text)}</pre>')
    return Page(_document("AdaSeq: the API", "".join(parts)), "text/html; charset=utf-8", _DOCS_POLICY)


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    schemas = [each.get("schema") for each in answer.get("content", {}).values()]
    shown = "".join(_named(each) for each in schemas if each)
    return f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td><td>{shown}</td></tr>"


def _named(schema: Mapping[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else f"<code>{escape(json.dumps(schema))}</code>"


def _document(title: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    ).encode()
