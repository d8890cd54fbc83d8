"""Each place at which a process can die, a few times; `python -m tests.faults.failpoints` does it a hundred times."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.local.stack import Stack
from tests.faults.failpoints import CASES, rehearse, shortcomings
from tests.faults.nursery import Nursery

KILLS = 2


@pytest.fixture(scope="module")
def nurseries(fragile: Stack) -> Iterator[dict[str, Nursery]]:
    with ExitStack() as stack:
        opened = {
            name: stack.enter_context(Nursery(fragile, name)) for name in {case.process for case in CASES.values()}
        }
        for nursery in opened.values():
            nursery.bear("")
        yield opened


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", CASES)
async def test_a_death_at_this_place_loses_and_doubles_nothing(nurseries: dict[str, Nursery], name: str) -> None:
    verdict = await rehearse(nurseries[CASES[name].process], CASES[name], kills=KILLS)
    print(verdict)
    assert shortcomings(CASES[name], verdict, kills=KILLS) == []
