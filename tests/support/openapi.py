"""Reading an OpenAPI document."""

from typing import Any

Operation = tuple[str, str, dict[str, Any]]


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation with its method, in lower case, and its path."""
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "put", "post", "delete", "patch"}
    ]


def resolve(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Follow references until there is none."""
    while "$ref" in value:
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value
