from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.history import Answer, History, Told, judge, vacuous


def told(seq: int, *, key: str = "", message_id: str = "") -> Told:
    return Told(key or f"key{seq}", message_id or f"message{seq}", "talk", seq)


def run() -> History:
    """Three messages of which the second was answered at the second attempt; all is as promised."""
    messages = [told(seq) for seq in (1, 2, 3)]
    return History(
        kills=2,
        unknown=1,
        answers=[Answer(each, is_replayed=each.seq == 2) for each in messages],
        views={("ann", "talk"): list(messages), ("bob", "talk"): list(messages)},
        events=[*messages[:2], messages[1], messages[2]],
        republished=2,
        effects={("bob", "talk"): 3},
    )


def lose(history: History) -> None:
    for view in history.views.values():
        del view[2]


def double(history: History) -> None:
    for view in history.views.values():
        view.append(told(4, key="key2", message_id="message4"))


def skip_a_number(history: History) -> None:
    for view in history.views.values():
        view[2] = replace(view[2], seq=5)


def number_twice(history: History) -> None:
    for view in history.views.values():
        view[2] = replace(view[2], seq=2)


def answer_another(history: History) -> None:
    history.answers[1] = Answer(replace(history.answers[1].told, seq=3))


def show_one_of_them_less(history: History) -> None:
    del history.views["bob", "talk"][0]


def publish_less(history: History) -> None:
    del history.events[3]


def publish_in_another_order(history: History) -> None:
    history.events.insert(0, told(3))


def tell_less(history: History) -> None:
    history.effects["bob", "talk"] = 2


def tell_twice(history: History) -> None:
    history.effects["bob", "talk"] = 4


def test_a_run_that_keeps_its_promises_is_counted() -> None:
    verdict = judge(run())
    assert verdict.broken == {}
    assert vacuous(verdict, kills=2, must=["unknown", "replayed", "republished"]) == []
    assert (verdict.ok, verdict.unknown, verdict.replayed, verdict.republished, verdict.effects) == (3, 1, 1, 2, 3)


@pytest.mark.parametrize(
    ("breaks", "promise"),
    [
        (lose, "lost"),
        (double, "duplicated"),
        (skip_a_number, "holes"),
        (number_twice, "holes"),
        (answer_another, "altered"),
        (show_one_of_them_less, "disagreements"),
        (publish_less, "unpublished"),
        (publish_in_another_order, "disordered"),
        (tell_less, "effects_missing"),
        (tell_twice, "effects_repeated"),
    ],
)
def test_each_broken_promise_is_found(breaks: Callable[[History], None], promise: str) -> None:
    history = run()
    breaks(history)
    assert promise in judge(history).broken


def test_an_event_that_comes_again_breaks_nothing() -> None:
    history = run()
    history.events += [told(1), told(2)]
    assert judge(history).broken == {}


def test_a_run_in_which_nothing_happened_proves_nothing() -> None:
    assert judge(History()).broken == {}
    assert vacuous(judge(History()), kills=1, must=["unknown"]) == [
        "only 0 of 1 kills",
        "nothing ok",
        "nothing effects",
        "nothing unknown",
    ]
