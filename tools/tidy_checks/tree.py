"""The files that are checked, and what a check says about them."""

import dataclasses
import functools
import os
import pathlib
import subprocess
import sys

CXX = (".cpp", ".hpp", ".h", ".c")
HEADERS = (".hpp", ".h")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend. `check` is the name that tools/tidy_exceptions.txt uses."""

    path: str
    line: int
    check: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {kind}{self.message} [{self.check}]"


class File:
    """One file of the tree; `path` is relative to the root, with forward slashes."""

    def __init__(self, root: pathlib.Path, path: str):
        self.path = path
        self.full = root / path
        self.name = path.rsplit("/", 1)[-1]
        self.suffix = pathlib.PurePosixPath(path).suffix
        self.parts = tuple(path.split("/"))

    @functools.cached_property
    def data(self) -> bytes:
        return self.full.read_bytes()

    @functools.cached_property
    def text(self) -> str:
        """The content; empty for a binary file."""
        if b"\0" in self.data[:8192]:
            return ""
        return self.data.decode("utf-8", errors="replace")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def is_cxx(self) -> bool:
        return self.suffix in CXX

    @property
    def is_header(self) -> bool:
        return self.suffix in HEADERS

    @property
    def is_public_header(self) -> bool:
        return self.is_header and self.parts[0] == "lib" and "include" in self.parts

    @property
    def is_test(self) -> bool:
        return "tests" in self.parts or "features" in self.parts

    @property
    def is_executable(self) -> bool:
        return os.access(self.full, os.X_OK)


class Tree:
    """All files below a root that belong to the project."""

    def __init__(self, root: pathlib.Path, paths: list[str]):
        self.root = root
        self.files = [File(root, path) for path in sorted(paths)]
        self.by_path = {file.path: file for file in self.files}

    def __iter__(self):
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def read_git_tree(root: pathlib.Path) -> Tree:
    """What git tracks or would track, as it stands on disk (a file that is about to be committed counts)."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        sys.exit(f"tools/tidy: git cannot list the files of {root}: {listing.stderr.strip()}")
    paths = {path for path in listing.stdout.split("\0") if path}
    return Tree(root, [path for path in paths if (root / path).is_file() and not (root / path).is_symlink()])
