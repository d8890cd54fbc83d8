import asyncio

import pytest
import redis.asyncio

from chassis.errors import DependencyUnavailable, RateLimited
from chassis.ids import uuid7
from chassis.limits import Limit, RateLimiter
from deploy.local import ports
from deploy.local.stack import Stack


async def test_a_burst_passes_and_the_rest_is_told_when_to_come_back(infra: Stack) -> None:
    limiter, key = RateLimiter(infra.redis_url), uuid7()
    limit = Limit("test", burst=3, interval=10)
    for _ in range(3):
        await limiter.check(limit, key)
    with pytest.raises(RateLimited) as refused:
        await limiter.check(limit, key)
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 10
    await limiter.check(limit, uuid7())
    await limiter.close()


async def test_the_allowance_comes_back_with_time(infra: Stack) -> None:
    limiter, key = RateLimiter(infra.redis_url), uuid7()
    limit = Limit("test", burst=1, interval=60)
    await limiter.check(limit, key)
    with pytest.raises(RateLimited):
        await limiter.check(limit, key)
    # A minute passes: what is noted is the moment until which the allowance is used up.
    client = redis.asyncio.Redis.from_url(infra.redis_url)
    await client.decrby(f"limit:test:{key}", 60_000_000)
    await client.aclose()
    await limiter.check(limit, key)
    await limiter.close()


async def test_many_at_once_get_exactly_the_burst(infra: Stack) -> None:
    limiter, key = RateLimiter(infra.redis_url), uuid7()
    limit = Limit("test", burst=5, interval=60)
    results = await asyncio.gather(*(limiter.check(limit, key) for _ in range(30)), return_exceptions=True)
    assert results.count(None) == 5
    await limiter.close()


async def test_without_redis_a_limit_is_closed_unless_it_says_otherwise() -> None:
    limiter = RateLimiter(f"redis://127.0.0.1:{ports.free()}/0")
    with pytest.raises(DependencyUnavailable):
        await limiter.check(Limit("test", 1, 1), "k")
    await limiter.check(Limit("test", 1, 1, is_fail_open=True), "k")
    await limiter.close()
