"""Places and buckets."""

import time
from unittest.mock import patch

import pytest

from chassis.errors import Overloaded, RateLimited
from gateway.admission import Admission, SendBudget


def test_requests_beyond_the_limit_are_refused_at_once() -> None:
    admission = Admission(4)
    for _ in range(4):
        admission.enter(is_send=True)

    with pytest.raises(Overloaded) as refused:
        admission.enter(is_send=True)

    assert refused.value.retry_after == 1.0
    admission.leave()
    admission.enter(is_send=True)


def test_sends_get_in_when_others_no_longer_do() -> None:
    admission = Admission(8)
    for _ in range(6):
        admission.enter(is_send=False)

    with pytest.raises(Overloaded):
        admission.enter(is_send=False)
    admission.enter(is_send=True)
    admission.enter(is_send=True)

    assert admission.in_flight == 8


def test_a_burst_may_be_sent_at_once_and_then_one_at_a_time() -> None:
    budget = SendBudget(rate=10, burst=3)
    now = time.monotonic()
    with patch("time.monotonic", return_value=now):
        for _ in range(3):
            budget.take("ada")
        with pytest.raises(RateLimited) as refused:
            budget.take("ada")
        budget.take("somebody else")
    assert refused.value.retry_after == pytest.approx(0.1)

    with patch("time.monotonic", return_value=now + 0.11):
        budget.take("ada")
        with pytest.raises(RateLimited):
            budget.take("ada")


def test_a_refusal_costs_nothing() -> None:
    budget = SendBudget(rate=1, burst=1)
    now = time.monotonic()
    with patch("time.monotonic", return_value=now):
        budget.take("ada")
        for _ in range(5):
            with pytest.raises(RateLimited):
                budget.take("ada")
    with patch("time.monotonic", return_value=now + 1.01):
        budget.take("ada")


def test_the_header_tells_what_is_left() -> None:
    budget = SendBudget(rate=10, burst=60)
    assert budget.policy == b'"sends";q=60;w=6'
    now = time.monotonic()
    with patch("time.monotonic", return_value=now):
        assert budget.header("ada") == budget.header(None) == b'"sends";r=60;t=0'
        budget.take("ada")
        assert budget.header("ada") == b'"sends";r=59;t=1'
        for _ in range(59):
            budget.take("ada")
        assert budget.header("ada") == b'"sends";r=0;t=6'


def test_full_buckets_are_forgotten() -> None:
    budget = SendBudget(rate=10, burst=1)
    now = time.monotonic()
    with patch("time.monotonic", return_value=now), patch.object(SendBudget, "_SWEEP_SIZE", 3):
        for user in ("a", "b", "c"):
            budget.take(user)
    with patch("time.monotonic", return_value=now + 1), patch.object(SendBudget, "_SWEEP_SIZE", 3):
        budget.take("d")

    assert budget._full_at.keys() == {"d"}
