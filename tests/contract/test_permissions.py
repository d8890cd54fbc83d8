"""The documented table of roles and actions is the one that holds."""

from pathlib import Path

from services.conversations.model.permissions import Action, Role, may

PAGE = Path(__file__).parents[2] / "docs" / "api" / "conversations.md"


def test_the_documentation_shows_who_may_do_what() -> None:
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 1 + len(Role) and set(cells[1:]) <= {"✓", ""}:
            rows[cells[0]] = [cell == "✓" for cell in cells[1:]]
    assert rows == {action.name.lower().replace("_", " "): [may(role, action) for role in Role] for action in Action}
