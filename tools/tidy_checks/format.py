"""clang-format over all C++ files."""

import re
import shutil
import subprocess

from .tree import Finding, Tree

PROGRAM = "clang-format-19"


def check(tree: Tree) -> list[Finding]:
    paths = [file.path for file in tree if file.is_cxx]
    if not paths:
        return []
    if shutil.which(PROGRAM) is None:
        return [Finding("tools/tidy", 1, "format", f"{PROGRAM} is not installed: run tools/setup, or give --no-format")]
    run = subprocess.run(
        [PROGRAM, "--dry-run", "-Werror", *paths], cwd=tree.root, capture_output=True, text=True, check=False
    )
    found: dict[str, int] = {}
    for path, line in re.findall(r"^([^\s:]+):(\d+):\d+: error: ", run.stderr, re.MULTILINE):
        found.setdefault(path, int(line))
    if run.returncode != 0 and not found:
        return [Finding(".clang-format", 1, "format", f"{PROGRAM} failed: {run.stderr.strip()[:400]}")]
    return [
        Finding(path, line, "format", f"not formatted from here on: tools/dev format {path}")
        for path, line in found.items()
    ]
