"""How to know that a process serves. Each answers False for every kind of "not yet"."""

import http.client
import socket
from contextlib import closing

TIMEOUT = 1.0


def postgres(url: str) -> bool:
    """Whether the database accepts a session, which recovery after a crash delays."""
    import psycopg2

    try:
        with closing(psycopg2.connect(url, connect_timeout=2)):
            return True
    except psycopg2.OperationalError:
        return False


def greets(port: int, greeting: bytes, hello: bytes = b"") -> bool:
    """Whether what listens on the port says `greeting` first, or in reply to `hello`."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            connection.sendall(hello)
            return connection.recv(1024).startswith(greeting)
    except OSError:
        return False


def serves(address: str) -> bool:
    """Whether the server's standard health service says SERVING."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    # First a plain connection: a channel whose first try fails waits a second before the next.
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=TIMEOUT).close()
    except OSError:
        return False
    with grpc.insecure_channel(address) as channel:
        try:
            check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # unknown to its types
            answer = check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def answers(host: str, port: int, path: str) -> bool:
    """Whether the path answers 200."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT * 3)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
