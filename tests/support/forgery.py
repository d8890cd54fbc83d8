"""Tokens that look like ours and are not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def forgeries(genuine: str, key_set: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and token of each forgery that somebody could make of a token of theirs and the public keys."""
    header, claims = jwt.get_unverified_header(genuine), _claims(genuine)
    signature = genuine.rpartition(".")[2]
    public = next(key for key in key_set["keys"] if key["kid"] == header["kid"])
    raw = _unpadded(public["x"])
    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = Ed25519PrivateKey.generate()
    admin = {**claims, "roles": ["admin"]}

    for name in ("none", "None", "nOnE", ""):
        yield f"alg {name!r}", f"{_part({'alg': name, 'typ': 'JWT'})}.{_part(admin)}."
    yield "alg none with kid", f"{_part({**header, 'alg': 'none'})}.{_part(admin)}."
    for name, secret in (("PEM", pem), ("raw", raw), ("JWK", json.dumps(public).encode())):
        signed = f"{_part({**header, 'alg': 'HS256'})}.{_part(admin)}"
        digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        yield f"HS256 with the public key as {name}", f"{signed}.{_text(digest)}"
    yield "another key", jwt.encode(admin, own, algorithm="EdDSA", headers={"kid": header["kid"]})
    yield "an unknown kid", jwt.encode(admin, own, algorithm="EdDSA", headers={"kid": "../../etc/passwd"})
    yield "no kid", jwt.encode(admin, own, algorithm="EdDSA")
    own_key = jwt.get_algorithm_by_name("EdDSA").to_jwk(own.public_key(), as_dict=True)
    for extra in (
        {"jwk": own_key},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example"},
        {"b64": True},
    ):
        yield f"header {next(iter(extra))}", jwt.encode(admin, own, algorithm="EdDSA", headers={**header, **extra})
    yield "other claims under the same signature", f"{genuine.split('.', maxsplit=1)[0]}.{_part(admin)}.{signature}"
    yield (
        "another header over the same signature",
        f"{_part({**header, 'crit': []})}.{genuine.split('.')[1]}.{signature}",
    )
    yield "no signature", genuine.rpartition(".")[0] + "."
    yield "two parts", genuine.rpartition(".")[0]
    yield "four parts", genuine + ".x"
    yield "padding", genuine + "=="
    yield "white space inside", genuine[:20] + "\t" + genuine[20:]
    yield "far too long", genuine + "A" * 5000
    yield "no JSON", "e30.e30.e30"
    yield "deep JSON", f"{_text(b'[' * 3000)}.e30.e30"


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _part(value: Any) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
