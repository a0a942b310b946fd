"""Builds small trees for the tests of tools/tidy."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from tidy_checks.tree import Tree  # noqa: E402


class TreeTest(unittest.TestCase):
    """Gives each test a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def tree(self, files: dict[str, str | bytes]) -> Tree:
        for path, content in files.items():
            full = self.root / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(content.encode() if isinstance(content, str) else content)
        return Tree(self.root, list(files))

    def names(self, findings) -> list[str]:
        """The checks that spoke, in order, without repetition."""
        return sorted({finding.check for finding in findings})

    def spots(self, findings) -> list[str]:
        return [f"{finding.path}:{finding.line}" for finding in sorted(findings)]
