"""Each place at which a process can die, a few times; `python -m tests.faults.failpoints` does it a hundred times."""

import pytest

from deploy.local.stack import Stack
from tests.faults.failpoints import CASES, rehearse, shortcomings

KILLS = 2


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", CASES)
async def test_a_death_at_this_place_loses_and_doubles_nothing(fragile: Stack, name: str) -> None:
    verdict = await rehearse(fragile, CASES[name], kills=KILLS)
    print(verdict)
    assert shortcomings(CASES[name], verdict, kills=KILLS) == []
