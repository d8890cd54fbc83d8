"""Which links a text has, and what pages say about themselves."""

import pytest

from chassis.fetch import Document
from services.conversations.jobs import pages
from services.conversations.model.messages import Preview
from services.conversations.model.previews import links

URL = "https://pages.example/a"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("no link", []),
        ("http and :// apart", []),
        ("http://", []),
        ("https://.,;", ["https://"]),
        ("see http://a.example.", ["http://a.example"]),
        ("see HTTPS://A.example/B, or not", ["HTTPS://A.example/B"]),
        ("(https://a.example/x_(y))", ["https://a.example/x_(y)"]),
        ("[engine](https://a.example/x) **https://b.example**", ["https://a.example/x", "https://b.example"]),
        ("[https://a.example](https://b.example)", ["https://a.example", "https://b.example"]),
        ("<https://a.example/?q=1&r=2#s>", ["https://a.example/?q=1&r=2#s"]),
        ("ftp://a.example file:///etc/passwd javascript://x", []),
        ("http://a.example http://a.example http://b.example", ["http://a.example", "http://b.example"]),
        (" ".join(f"http://{n}.example" for n in range(9)), [f"http://{n}.example" for n in range(3)]),
        (f"http://{'a' * 2048} http://b.example", ["http://b.example"]),
        ("http://bücher.example/straße", ["http://bücher.example/straße"]),
        ("http://a.example\u202egnp.exe", ["http://a.example\u202egnp.exe"]),
    ],
)
def test_the_links_of_a_text(content: str, found: list[str]) -> None:
    assert list(links(content)) == found


@pytest.mark.parametrize("piece", ["http://", "http://a", "://", "http://a)", "http://(", "https://x.", "http"])
@pytest.mark.timeout(20)
def test_a_text_of_nothing_but_links_is_read_quickly(piece: str) -> None:
    assert len(links((piece * 16_000)[:16_000])) <= 3


def preview(body: str | bytes, content_type: str = "text/html") -> Preview | None:
    text = body.encode() if isinstance(body, str) else body
    return pages.read(Document("pages.example", content_type, text), URL)


def test_a_page_says_its_title_what_it_is_about_and_where_it_is() -> None:
    page = """<!doctype html><html><head><title>Plain</title>
        <meta property="og:title" content="Engine &amp; room"><meta name=description content="plain">
        <META PROPERTY="og:description" CONTENT="About\n  engines"><meta property=og:site_name content="Pages">
        </head><body><title>Other</title>"""
    assert preview(page) == Preview(URL, "Engine & room", "About engines", "Pages")


def test_without_metadata_title_and_host_remain() -> None:
    found = preview("<title>\n Engine\n room &lt;3</title><meta name=description content='plain'>")
    assert found == Preview(URL, "Engine room <3", "plain", "pages.example")


@pytest.mark.parametrize(
    "page",
    [
        "", "no tags at all", "<title></title>", "<title> \u200b\u202e </title>", "<body><title>late</title>",
        "<head></head><title>late</title>", "<!-- <title>never</title>", "<script><title>no</title></script>",
        "<meta property=og:title>", "<title", "\x00\x01\x02",
    ],
)  # fmt: skip
def test_a_page_without_a_title_has_no_preview(page: str) -> None:
    assert preview(page) is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>Größe</title>".encode(), "text/html"),
        ("<title>Größe</title>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ("<meta charset=windows-1252><title>Größe</title>".encode("cp1252"), "text/html"),
        ("<title>Größe</title>".encode(), "text/html; charset=unicode_escape"),
        ("<title>Größe</title>".encode(), "text/html; charset=../../etc"),
    ],
)
def test_a_page_is_read_in_its_encoding(body: bytes, content_type: str) -> None:
    found = preview(body, content_type)
    assert found is not None
    assert found.title == "Größe"


def test_what_is_told_is_short_and_shows_what_it_is() -> None:
    page = (
        f"<title>{'x' * 9999}</title><meta name=description content='a\u202egnp.exe\x1b[31m&#0;&#xd800;👩\u200d💻'>"
        f"<meta property=og:site_name content='{'s' * 999}'>"
    )
    found = preview(page)
    assert found is not None
    assert found.title == "x" * 199 + "…"
    assert found.description == "a gnp.exe [31m\ufffd\ufffd👩\u200d💻"
    assert len(found.site_name) == 100


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<![CDATA[", "<?", "</", "<title>", "<meta content='", "&", "<a b='"]
)
@pytest.mark.timeout(60)
def test_a_page_made_to_be_slow_is_read_in_time(piece: str) -> None:
    assert preview((piece * 1024 * 1024)[: 1024 * 1024]) is None
