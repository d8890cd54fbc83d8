"""Auth with PostgreSQL, NATS and Redis: logins, beside what their hashes alone cost on this machine."""

import hashlib
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from messaging.auth.v1.accounts_pb2_grpc import AccountsStub
from services.auth.model.passwords import LEAST_ITERATIONS
from tests.load.alone.service import Service
from tests.load.figures import Figures, row
from tests.support.factories.accounts import PASSWORD, register_request

ACCOUNTS = 8


async def measure(service: Service) -> None:
    requests = [register_request() for _ in range(ACCOUNTS)]
    for request in requests:
        await service.ask(service.channel.stub(AccountsStub).Register, request)
    cores = os.cpu_count() or 1
    emails = [request.email for request in requests]
    login = partial(service.load, "login", cores, emails=emails, password=PASSWORD)
    logins, hashes = await service.repeat(
        f"CreateSession, {cores} under way", "login", login, partial(_bare, cores, service.seconds)
    )
    print(row("PBKDF2 alone, as many threads", "hash", hashes))
    rate, cost = logins.rate / hashes.rate, logins.cpu["auth"] / hashes.cpu["auth"]
    print(f"{'':28}{rate:.2f} x as many logins, each {cost:.2f} x the CPU of the hash", flush=True)


async def _bare(threads: int, seconds: float) -> Figures:
    rate, p50, cost = hashing(threads, seconds)
    return Figures(count=round(rate * seconds), rate=rate, p50=p50, p99=math.nan, cpu={"auth": cost})


def hashing(threads: int, seconds: float) -> tuple[float, float, float]:
    """Hashes a second, milliseconds of one, and its CPU milliseconds."""
    begun, cpu = time.perf_counter(), time.process_time()

    def work() -> int:
        count = 0
        while time.perf_counter() < begun + seconds:
            hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), bytes(16), LEAST_ITERATIONS)
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        count = sum(future.result() for future in [pool.submit(work) for _ in range(threads)])
    elapsed = time.perf_counter() - begun
    return count / elapsed, elapsed * threads * 1000 / count, (time.process_time() - cpu) * 1000 / count
