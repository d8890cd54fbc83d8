"""Arrays as one text each, which costs less than the adaptation of every element; the query casts it to its type."""

from collections.abc import Iterable


def plain(values: Iterable[object]) -> str:
    """Write ids, numbers, truths or times, which need no quotes."""
    return f"{{{','.join(['null' if value is None else str(value) for value in values])}}}"


def texts(values: Iterable[str | None]) -> str:
    """Write any texts."""
    return f"{{{','.join(['null' if value is None else _quoted(value) for value in values])}}}"


def _quoted(value: str) -> str:
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    return f'"{value.replace(chr(34), _ESCAPED_QUOTE)}"' if '"' in value else f'"{value}"'


_ESCAPED_QUOTE = '\\"'
