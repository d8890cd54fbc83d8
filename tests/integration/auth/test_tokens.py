import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.crypto import Box
from chassis.errors import Failure
from messaging.auth.v1 import sessions_pb2 as pb
from services.auth.domain import keys

from .conftest import Auth, Records

Claims = dict[str, Any]


class Forge:
    """Everything an attacker has, and for the worst cases the signing key itself."""

    def __init__(self, genuine: str, key: Ed25519PrivateKey) -> None:
        self.genuine = genuine
        self.key = key
        self.header: Claims = jwt.get_unverified_header(genuine)
        self.claims: Claims = jwt.decode(genuine, options={"verify_signature": False})

    def sign(self, claims: Claims, key: Any = None, **header: Any) -> str:
        """Sign with our own key unless another is given."""
        return jwt.encode(claims, key or self.key, algorithm="EdDSA", headers={**self.header, **header})

    def parts(self, header: Claims, claims: Claims, sign: Callable[[bytes], bytes]) -> str:
        """Put a token together by hand."""
        body = b".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        return (body + b"." + _encode(sign(body))).decode()

    def without(self, name: str) -> Claims:
        return {key: value for key, value in self.claims.items() if key != name}


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def hs256(forge: Forge, secret: bytes) -> str:
    header = {"alg": "HS256", "typ": "JWT", "kid": forge.header["kid"]}
    return forge.parts(header, forge.claims, lambda body: hmac.digest(secret, body, hashlib.sha256))


@pytest.fixture
async def forge(auth: Auth, records: Records) -> Forge:
    tokens = await auth.log_in((await auth.join()).email)
    _, key = await records.owner.run(keys.signer, box=Box([auth.settings.secret_key]))
    return Forge(tokens.access, key)


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "another key": lambda forge: forge.sign(forge.claims, Ed25519PrivateKey.generate()),
    "an unknown key": lambda forge: forge.sign(forge.claims, kid=str(uuid.uuid4())),
    "no key": lambda forge: jwt.encode(forge.claims, forge.key, algorithm="EdDSA"),
    "a key that is no text": lambda forge: forge.parts(
        {"alg": "EdDSA", "typ": "JWT", "kid": ["a"]}, forge.claims, forge.key.sign
    ),
    "a key brought along": lambda forge: forge.parts(
        {
            "alg": "EdDSA",
            "jwk": {"kty": "OKP", "crv": "Ed25519", "x": _encode(bytes(32)).decode()},
            "jku": "http://127.0.0.1/keys",
        },
        forge.claims,
        Ed25519PrivateKey.generate().sign,
    ),
    "no algorithm": lambda forge: forge.parts(
        {"alg": "none", "typ": "JWT", "kid": forge.header["kid"]}, forge.claims, lambda _: b""
    ),
    "No Algorithm": lambda forge: forge.parts({"alg": "NoNe", "kid": forge.header["kid"]}, forge.claims, lambda _: b""),
    "HS256 with the public key": lambda forge: hs256(forge, forge.key.public_key().public_bytes_raw()),
    "HS256 with the public key as PEM": lambda forge: hs256(
        forge, forge.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "another signature": lambda forge: forge.genuine[:-10] + "AAAAAAAAAA",
    "no signature": lambda forge: forge.genuine.rpartition(".")[0] + ".",
    "other claims": lambda forge: ".".join(
        [
            forge.genuine.split(".")[0],
            _encode(json.dumps({**forge.claims, "roles": ["admin"]}).encode()).decode(),
            forge.genuine.split(".")[2],
        ]
    ),
    "expired": lambda forge: forge.sign({**forge.claims, "exp": int(time.time()) - 1}),
    "for ever": lambda forge: forge.sign(forge.without("exp")),
    "far future": lambda forge: forge.sign({**forge.claims, "exp": 10**400}),
    "not a time": lambda forge: forge.sign({**forge.claims, "exp": "soon"}),
    "for others": lambda forge: forge.sign({**forge.claims, "aud": "billing"}),
    "for nobody": lambda forge: forge.sign(forge.without("aud")),
    "by others": lambda forge: forge.sign({**forge.claims, "iss": "https://example.org"}),
    "by nobody": lambda forge: forge.sign(forge.without("iss")),
    "of another type": lambda forge: forge.sign({**forge.claims, "typ": "id"}),
    "of no type": lambda forge: forge.sign(forge.without("typ")),
    "of no session": lambda forge: forge.sign(forge.without("sid")),
    "of an unknown session": lambda forge: forge.sign({**forge.claims, "sid": str(uuid.uuid4())}),
    "of what is no session": lambda forge: forge.sign({**forge.claims, "sid": "' or 1=1 --"}),
    "of somebody else": lambda forge: forge.sign({**forge.claims, "sub": str(uuid.uuid4())}),
    "of nobody": lambda forge: forge.sign({**forge.claims, "sub": 7}),
    "not yet": lambda forge: forge.sign({**forge.claims, "nbf": time.time() + 600}),
    "critical header": lambda forge: forge.sign(forge.claims, crit=["exp"]),
    "dots": lambda _: "..",
    "many dots": lambda _: "." * 4096,
    "no base64": lambda _: "é.é.é",
    "no JSON": lambda _: "AAAA.AAAA.AAAA",
    "a list": lambda forge: forge.parts([], [], forge.key.sign),  # type: ignore[arg-type]
    "deep JSON": lambda _: f"{_encode(b'[' * 2900).decode()}.e30.",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_access_token_is_refused(auth: Auth, forge: Forge, forgery: str) -> None:
    with pytest.raises(Failure) as refused:
        await auth.verify(FORGERIES[forgery](forge))
    assert (refused.value.code, refused.value.reason) == ("UNAUTHENTICATED", "TOKEN_INVALID")
    assert refused.value.metadata == {}


async def test_what_the_forge_signs_would_be_good_were_it_not_forged(auth: Auth, forge: Forge) -> None:
    assert (await auth.verify(forge.sign(forge.claims))).user_id == forge.claims["sub"]


async def test_a_good_token_says_whose_it_is(auth: Auth) -> None:
    tokens = await auth.log_in((await auth.join()).email)
    for token, token_type, expires in (
        (tokens.access, "access", tokens.access_expire_time),
        (tokens.refresh, "refresh", tokens.refresh_expire_time),
    ):
        assert await auth.verify(token) == pb.VerifyTokenResponse(
            user_id=tokens.user_id, session_id=tokens.session_id, token_type=token_type, expire_time=expires
        )


async def test_a_refresh_token_that_was_exchanged_is_not_good(auth: Auth) -> None:
    tokens = await auth.log_in((await auth.join()).email)
    successor = await auth.refresh(tokens.refresh)
    with pytest.raises(Failure) as refused:
        await auth.verify(tokens.refresh)
    assert refused.value.reason == "TOKEN_INVALID"
    # To ask is not to use: the session goes on.
    assert (await auth.verify(successor.refresh)).token_type == "refresh"


@pytest.mark.parametrize("token", ["x", "A" * 64, "é" * 100, "A" * 4096])
async def test_what_was_never_a_token_is_not_good(auth: Auth, token: str) -> None:
    with pytest.raises(Failure) as refused:
        await auth.verify(token)
    assert refused.value.reason == "TOKEN_INVALID"
