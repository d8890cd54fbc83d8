"""A tree of files that the project's rules are checked on: the repository itself, or a small one that breaks a rule."""

import ast
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tree:
    """The files under a root that belong to the project."""

    root: Path
    paths: tuple[str, ...]

    @classmethod
    def of_repository(cls) -> "Tree":
        """Take what git tracks and what it would add, so that a rule bites before the commit."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return cls(REPOSITORY, tuple(path for path in listed.stdout.splitlines() if (REPOSITORY / path).is_file()))

    @classmethod
    def grown(cls, root: Path, files: Mapping[str, str]) -> "Tree":
        """Write the given files under a new root."""
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return cls(root, tuple(files))

    def files(self, *patterns: str) -> list[str]:
        """List the paths that match one of the patterns; `*` crosses folders."""
        return [path for path in self.paths if any(fnmatch(path, pattern) for pattern in patterns)]

    def text(self, path: str) -> str:
        """Read a file."""
        return (self.root / path).read_text(encoding="utf-8")

    def nodes(self, path: str) -> Iterator[ast.AST]:
        """Walk through a Python file's syntax."""
        return ast.walk(ast.parse(self.text(path), filename=path))


Grow = Callable[[Mapping[str, str]], Tree]
