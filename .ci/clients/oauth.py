"""The official Python SDK finds the identity provider by itself and signs a person in, over TLS."""

import json
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from scenario import BINARY
from sdk import client_of

pytestmark = pytest.mark.anyio

REDIRECT = "http://127.0.0.1:1/callback"


class Provider(BaseHTTPRequestHandler):
    """An authorization server whose one person agrees to everything."""

    key = ec.generate_private_key(ec.SECP256R1())
    asked: dict[str, str] = {}

    def do_GET(self) -> None:
        issuer = self.issuer()
        match urlsplit(self.path).path:
            case "/.well-known/oauth-authorization-server":
                self.answer(
                    {
                        "issuer": issuer,
                        "authorization_endpoint": f"{issuer}/authorize",
                        "token_endpoint": f"{issuer}/token",
                        "registration_endpoint": f"{issuer}/register",
                        "jwks_uri": f"{issuer}/keys",
                        "response_types_supported": ["code"],
                        "code_challenge_methods_supported": ["S256"],
                    }
                )
            case "/keys":
                public = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
                self.answer({"keys": [{**public, "kid": "one", "use": "sig"}]})
            case "/authorize":
                query = parse_qs(urlsplit(self.path).query)
                self.asked.update({name: value for name, [value] in query.items()})
                location = urlencode({"code": "agreed", "state": self.asked["state"]})
                self.send_response(302)
                self.send_header("Location", f"{REDIRECT}?{location}")
                self.end_headers()
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/register":
            self.answer({**json.loads(body), "client_id": "editor"}, 201)
            return
        form = {name: value for name, [value] in parse_qs(body.decode()).items()}
        assert form["code"] == "agreed" and form["resource"] == self.asked["resource"]
        now = int(time.time())
        claims = {
            "iss": self.issuer(),
            "aud": form["resource"],
            "sub": "ada",
            "client_id": form["client_id"],
            "scope": self.asked["scope"],
            "exp": now + 300,
        }
        token = jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "one"})
        self.answer({"access_token": token, "token_type": "Bearer", "expires_in": 300})

    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, body: object, status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Memory:
    """Keeps what the SDK stores."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@contextmanager
def provided() -> Iterator[str]:
    """The issuer of a provider."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def served_to(issuer: str, folder: Path) -> Iterator[str]:
    """The address of a server that accepts the tokens of an issuer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    origin = f"https://localhost:{port}"
    arguments = ["--listen", f"127.0.0.1:{port}", "--public-origin", origin]
    arguments += ["--tls-cert", folder / "chain.pem", "--tls-key", folder / "key.pem"]
    arguments += ["--oauth-issuer", issuer, "--oauth-fetch-keys"]
    command = [BINARY, "--db", folder / "a.db", "web", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline()
            yield origin
        finally:
            server.terminate()
            assert server.wait(timeout=60) == 0


def certify(folder: Path) -> ssl.SSLContext:
    """Makes a certificate for localhost; gives the settings of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (folder / "chain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(private)
    return ssl.create_default_context(cafile=folder / "chain.pem")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("path", ["/mcp", "/mcp/text"])
async def test_sign_in(tmp_path: Path, mode: str, path: str) -> None:
    location = ""

    async def open_page(url: str) -> None:
        nonlocal location
        async with httpx2.AsyncClient() as browser:
            location = (await browser.get(url)).headers["Location"]

    async def read_callback() -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(location).query)
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0])

    trusted = certify(tmp_path)
    with provided() as issuer, served_to(issuer, tmp_path) as origin:
        metadata = OAuthClientMetadata(client_name="A client", redirect_uris=[REDIRECT])
        sign_in = OAuthClientProvider(
            f"{origin}{path}", metadata, Memory(), open_page, read_callback
        )
        async with httpx2.AsyncClient(auth=sign_in, verify=trusted, timeout=60) as http:
            streams = streamable_http_client(f"{origin}{path}", http_client=http)
            async with client_of(streams, mode) as client:
                call = {"entity_type": "risk", "name": "Late mirror", "hand_authored": True}
                answer = await client.call_tool("create_entity", call)
                assert not answer.is_error, answer
        assert Provider.asked["resource"] == f"{origin}{path}"
        assert Provider.asked["scope"] == "atocore:propose"
        host = urlsplit(issuer).netloc
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        audit = connection.execute("SELECT actor, client FROM memory_audit").fetchall()
    assert audit == [(f"ada ({host})", f"editor ({host}) via mcp 0.1.0")]
