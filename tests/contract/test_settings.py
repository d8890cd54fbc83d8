"""What an operator may set is told in .env.example and in the README as the settings classes have it."""

import os
import re
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from pydantic import ValidationError, create_model
from pydantic_settings import BaseSettings

from tests.support.settings import GIVEN, OF_THE_STACK, rows, settings_classes
from tests.support.tree import Grow, Tree

ROW = re.compile(r"^\| `[A-Z][A-Z_]+` \|.*$", re.MULTILINE)

Classes = Mapping[str, type[BaseSettings]]


def example(tree: Tree) -> dict[str, str | None]:
    """Read .env.example: each name with its value, or None where the line is commented out."""
    found: dict[str, str | None] = {}
    for path in tree.files(".env.example"):
        for comment, name, value in re.findall(r"^(#?)([A-Z][A-Z_]+)=(.*)$", tree.text(path), re.MULTILINE):
            found[name] = None if comment else value
    return found


def fields(classes: Classes) -> dict[str, list[tuple[str, type[BaseSettings]]]]:
    """Return what operators may set, with each process that reads it."""
    found: dict[str, list[tuple[str, type[BaseSettings]]]] = {}
    for process, settings in classes.items():
        for name in settings.model_fields:
            if name.upper() not in GIVEN:
                found.setdefault(name.upper(), []).append((process, settings))
    return found


def reads_as_default(settings: type[BaseSettings], name: str, text: str) -> bool:
    """Tell whether a text in the environment means the same as not setting the name."""
    if settings.model_fields[name.lower()].is_required():
        return False
    # Whatever else the class needs is not the question here.
    needed = {field: (Any, None) for field, info in settings.model_fields.items() if info.is_required()}
    relaxed = create_model("Relaxed", __base__=settings, **needed)  # type: ignore[call-overload]
    with patch.dict(os.environ, {name: text}, clear=True):
        try:
            told = getattr(relaxed(), name.lower())
        except ValidationError:
            return False
    with patch.dict(os.environ, clear=True):
        return bool(told == getattr(relaxed(), name.lower()))


def example_mistakes(tree: Tree, classes: Classes) -> list[str]:
    known, written = fields(classes), example(tree)
    found = [f"{name} is not in .env.example" for name in known.keys() - written.keys()]
    found += [f"{name} is read by nobody" for name in written.keys() - known.keys() - OF_THE_STACK.keys()]
    for name, value in written.items():
        for process, settings in known.get(name, []):
            if value is not None and not reads_as_default(settings, name, value):
                found.append(f"{name}={value} is not the default of {process}")
    return sorted(found)


class Mailer(BaseSettings):
    database_url: str
    secret_key: str
    email_from: str = "messaging@localhost"
    email_port: int = 587
    debug: bool = False
    retries: int = 3


HONEST = {
    ".env.example": "# Words.\n#SECRET_KEY=\nDEBUG=False\n#EMAIL_PORT=25\nEMAIL_FROM=messaging@localhost\nRETRIES=3\n",
}


def test_the_example_is_what_the_settings_classes_read(project: Tree) -> None:
    assert example_mistakes(project, settings_classes()) == []


def test_the_readme_shows_the_settings(project: Tree) -> None:
    assert ROW.findall(project.text("README.md")) == rows()


def test_an_honest_example_passes(grow: Grow) -> None:
    assert example_mistakes(grow(HONEST), {"mailer": Mailer}) == []


def test_mistakes_in_the_example_are_found(grow: Grow) -> None:
    tree = grow({".env.example": "DEBUG=yes\nRETRIES=many\nEMAIL_FORM=x\n#EMAIL_PORT=25\nSECRET_KEY=1\nDB_HOST=db\n"})

    assert example_mistakes(tree, {"mailer": Mailer}) == [
        "DEBUG=yes is not the default of mailer",
        "EMAIL_FORM is read by nobody",
        "EMAIL_FROM is not in .env.example",
        "RETRIES=many is not the default of mailer",
        "SECRET_KEY=1 is not the default of mailer",
    ]
