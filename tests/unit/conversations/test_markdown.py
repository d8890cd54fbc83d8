"""What of Markdown a text may hold."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversations.model import markdown
from services.conversations.model.errors import MessageContentInvalid, MessageTooLong
from services.conversations.model.messages import check_content

LIMIT = 16_000
BAD = "[x](javascript:alert(1))"


def flaw(content: str) -> str:
    """Why a text is refused, or an empty text."""
    try:
        check_content(content, LIMIT)
    except MessageContentInvalid as refused:
        return refused.metadata["flaw"]
    return ""


@pytest.mark.parametrize(
    "content",
    [
        "Hello",
        "**bold** _italic_ ~~gone~~ `code`\n> quote\n- list\n1. list",
        "[text](https://example.org/a?b=c#d)",
        "[text](HTTP://EXAMPLE.ORG)",
        "[text](mailto:ada@example.org)",
        "[Engine](https://example.org/Engine_(machine)) and [more](https://example.org)",
        "![picture](https://example.org/a.png)",
        "see https://example.org/, <b>not HTML</b>, a < b",
        "https://example.org/[x]",
        "1 [a] (b)",
        "escaped \\](javascript:alert(1))",
        f"`{BAD}`",
        f"``a ` {BAD}``",
        f"`a`` {BAD} `",
        f"```\n{BAD}\n```\nafter",
        f"```js\n{BAD}",
        f"````\n```\n{BAD}\n````",
        f"```\r\n{BAD}\r\n```",
        f"`a` b `{BAD}` c",
        "tabs\tand\r\nlines\nare fine",
        "a\u202eb\u2066c\u2069 \u200b\u200d\ufeff \u0301\u0301\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "x" * LIMIT,
        "🚀" * LIMIT,
        "@all " * 3000,
    ],
)
def test_what_is_written_is_taken_as_it_is(content: str) -> None:
    assert flaw(content) == ""


@pytest.mark.parametrize(
    "destination",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "\tjavascript:alert(1)",
        "<javascript:alert(1)>",
        "javascript&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "java\\script:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.org",
        "//example.org",
        "/path",
        "path",
        "#here",
        "",
        "https:example.org",
        "http:/example.org",
        "https://",
        "https://example.org",  # without an end
        "https://example.org javascript:x)",
        'https://example.org "a title")',
        "https://exam`ple.org)",
        "https://example.org/[x])",
        " https://example.org)",
        "\u200bhttps://example.org)",
        "h\u0442tps://example.org)",
        "2)",
    ],
)
def test_links_lead_to_pages_and_mailboxes_only(destination: str) -> None:
    content = f"see [this]({destination}"
    assert flaw(content if destination.endswith(("org", ")")) else f"{content})") == "link_destination"


@pytest.mark.parametrize(
    "content",
    [
        # Each would be a link to somebody who reads Markdown by other rules than these.
        f"a `b\nc ` {BAD} `",
        f"- `a\n- {BAD}`",
        f"\\`{BAD}`",
        f"<https://`> {BAD} `",
        f"[a](https://x/`) {BAD} `",
        f"- a\n  ```\n{BAD}\n  ```",
        f"  ```\n```\n{BAD}\n```",
        f"> ```\n```\n{BAD}\n```",
        f"~~~\n```\n~~~\n{BAD}\n```",
        f"```\na\n   ```\n{BAD}",
        f"```\na\r```\r{BAD}",
        f"```` `\n{BAD}\n````",
        f"``` a ` b\n{BAD}",
        f"`a` {BAD}",
        f"```\na\n```\n{BAD}",
        f"    `{BAD}\n",
        f"[![x](https://example.org)]({BAD[4:-1]})",
        "[a\n](javascript:x)",
        "[a](\njavascript:x)",
        "\\\\](javascript:x)",
    ],
)
def test_code_ends_where_any_reader_might_end_it(content: str) -> None:
    assert flaw(content) == "link_destination"


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_control_characters_and_half_pairs_are_refused(code: int) -> None:
    assert flaw(f"a{chr(code)}b") == ("" if chr(code) in "\t\n\r" else "control_character")


@pytest.mark.parametrize("content", ["", " ", "\n\t\r\n", "\u2003\u00a0"])
def test_nothing_is_no_text(content: str) -> None:
    assert flaw(content) == "empty"


def test_a_text_has_an_end() -> None:
    with pytest.raises(MessageTooLong) as refused:
        check_content("x" * (LIMIT + 1), LIMIT)
    assert refused.value.metadata == {"limit": "16000"}


@given(st.text(alphabet="`~\\[]()<> \n\rhtps:/x-", max_size=80))
def test_without_code_every_link_is_looked_at(content: str) -> None:
    """Where no backtick is, nothing hides a destination."""
    if "`" not in content and "](" in content.replace("\\]", "") and "http" not in content and "\\" not in content:
        assert flaw(content) in {"link_destination", "empty"}
    else:
        flaw(content)


@pytest.mark.parametrize(
    "piece",
    [
        "](",
        "](https://",
        "[x](https://a) ",
        "`",
        "` ``",
        "`a` ",
        "```\n",
        "\\",
        "<a",
        "](http://a`",
        "[",
        "\r",
        "(https://a",
    ],
)
def test_reading_takes_time_by_length_alone(piece: str) -> None:
    """If it took the square of it, this would not end today."""
    for begin in ("", "](https://a) ", "`](` "):
        with suppress(MessageContentInvalid):
            markdown.check(begin + piece * (200_000 // len(piece)))
