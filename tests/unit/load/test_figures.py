import math

import pytest

from tests.load.figures import Figures, Refused, middle, quantile, ratio, row
from tests.load.requests import read

WRK = """
Running 6s test @ http://127.0.0.1:8000
  Latency Distribution
     50%   40.12ms
     75%   50.00ms
     90%    0.90s
     99%    1.04s
  9000 requests in 6.00s, 4.00MB read
Requests/sec:   1500.25
"""


def figures(rate: float, *, gateway: float = 0.2, conversations: float = 0.1) -> Figures:
    return Figures(count=600, rate=rate, p50=1.0, p99=2.0, cpu={"gateway": gateway, "conversations": conversations})


def test_the_median_is_taken_of_each_figure_for_itself() -> None:
    runs = [figures(100, gateway=0.3), figures(300, gateway=0.1), figures(200, gateway=0.2)]

    median = middle(runs)

    assert (median.rate, median.cpu["gateway"]) == (200, 0.2)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_quantile_is_one_of_the_values(share: float, value: float) -> None:
    assert quantile(range(100, 0, -1), share) == value


def test_nothing_has_no_quantile() -> None:
    assert math.isnan(quantile([], 0.5))


def test_the_product_is_compared_by_rate_and_by_the_cost_on_its_path() -> None:
    shown = ratio(figures(150, gateway=0.4, conversations=0.2), figures(100))

    assert "1.50 x the yardstick's rate, 2.00 x its CPU" in shown


def test_a_row_shows_slow_things_with_a_decimal() -> None:
    assert " 7.4 login/s " in row("a run", "login", figures(7.4))
    assert " 1234 msg/s " in row("a run", "msg", figures(1234.4))


def test_the_report_of_wrk_is_read() -> None:
    assert read(WRK) == Figures(count=9000, rate=1500.25, p50=40.12, p99=1040.0)


@pytest.mark.parametrize("wrong", ["  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 0, read 1\n"])
def test_a_run_with_refusals_has_no_figures(wrong: str) -> None:
    with pytest.raises(Refused, match=wrong.strip()):
        read(WRK + wrong)


def test_a_report_without_figures_is_no_report() -> None:
    with pytest.raises(Refused, match="unable to connect"):
        read("unable to connect to 127.0.0.1:1")
