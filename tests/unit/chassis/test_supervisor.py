import asyncio
import os
import signal

from chassis.supervisor import Supervisor


class Part:
    def __init__(self, name: str, journal: list[str], *, fails: bool = False) -> None:
        self.name, self.journal, self.fails = name, journal, fails

    async def run(self) -> None:
        self.journal.append(f"{self.name} starts")
        try:
            if self.fails:
                raise ValueError(self.name)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.journal.append(f"{self.name} ends")


async def test_a_signal_ends_the_parts_in_reverse_order() -> None:
    journal: list[str] = []

    async def on_exit() -> None:
        journal.append("closed")

    supervisor = Supervisor(Part("a", journal), Part("b", journal), on_exit=on_exit)
    task = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await task == 0
    assert journal == ["a starts", "b starts", "b ends", "a ends", "closed"]


async def test_whoever_cancels_it_leaves_nothing_behind() -> None:
    journal: list[str] = []
    task = asyncio.create_task(Supervisor(Part("a", journal)).run())
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert journal == ["a starts", "a ends"]


async def test_one_part_that_fails_ends_the_process() -> None:
    journal: list[str] = []
    assert await Supervisor(Part("a", journal), Part("b", journal, fails=True)).run() == 1
    assert journal[-1] == "a ends"


async def test_a_part_that_returns_early_has_failed() -> None:
    class Short:
        async def run(self) -> None:
            return

    assert await Supervisor(Short()).run() == 1
