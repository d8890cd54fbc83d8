from tests.support.coverage_floors import FLOORS, Measured, judge

COVERED = {
    "services/auth/model/accounts.py": Measured(100, 95),
    "chassis/database.py": Measured(100, 95),
    "gateway/principal.py": Measured(10, 9),
    "gateway/rest/messages.py": Measured(100, 90),
    "gateway/realtime/hub.py": Measured(100, 90),
    "services/auth/api/accounts.py": Measured(100, 90),
}


def test_a_run_on_every_floor_passes() -> None:
    table, failures = judge(COVERED)

    assert failures == []
    assert len(table) == len(FLOORS)


def test_one_statement_below_a_floor_fails_and_names_the_file() -> None:
    [failure] = judge(COVERED | {"services/auth/model/accounts.py": Measured(100, 94)})[1]

    assert failure.startswith("models: 94.0 % is below 95 %")
    assert "services/auth/model/accounts.py" in failure


def test_a_part_without_code_fails() -> None:
    [failure] = judge({path: measured for path, measured in COVERED.items() if "realtime" not in path})[1]

    assert failure.startswith("gateway/realtime: nothing was measured")
