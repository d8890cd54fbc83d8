"""Each place at which a process can die, a few times; `python -m tests.faults.failpoints` does it a hundred times."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from tests.faults.failpoints import CASES, rehearse, shortcomings
from tests.faults.nursery import Nursery

KILLS = 2


@pytest.fixture(scope="module")
def nursery(fragile: Stack, request: pytest.FixtureRequest) -> Iterator[Nursery]:
    with Nursery(fragile, request.param) as opened:
        yield opened


# All places of one process follow each other, so that what bears it is made once.
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("nursery", "name"), [(case.process, name) for name, case in CASES.items()], indirect=["nursery"], ids=list(CASES)
)
async def test_a_death_at_this_place_loses_and_doubles_nothing(nursery: Nursery, name: str) -> None:
    verdict = await rehearse(nursery, CASES[name], kills=KILLS)
    print(verdict)
    assert shortcomings(CASES[name], verdict, kills=KILLS) == []
