"""A hundred sockets through the end of their gateway; `python -m tests.faults.returns` does it with a thousand."""

import pytest

from deploy.local.stack import Stack
from tests.faults.endings import WAYS
from tests.faults.returns import gather, undergo

SOCKETS = 100


@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", WAYS)
async def test_all_sockets_come_back_without_a_gap(fragile: Stack, way: str) -> None:
    outcome = await undergo(fragile, way, await gather(fragile, SOCKETS))
    print(outcome)
    assert outcome.shortcomings(way) == []
