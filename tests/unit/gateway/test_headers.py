import base64
import hashlib

from gateway import headers


def test_pages_may_make_empty_style_elements_and_nothing_inline() -> None:
    nothing = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    assert f"style-src 'self' 'sha256-{nothing}';" in headers._PAGES
    assert "unsafe" not in headers._PAGES + headers._DENIED
