"""The exceptions of tools/tidy_exceptions.txt: one a line, `CHECK PATH: reason`; PATH may have `*`.

An exception that excuses nothing is itself a finding, so the list only gets shorter by itself.
"""

import fnmatch
import re

from .tree import Finding, Tree

LIST = "tools/tidy_exceptions.txt"


def apply(tree: Tree, findings: list[Finding]) -> list[Finding]:
    """The findings that remain, with those about the list itself."""
    listing = tree.by_path.get(LIST)
    if listing is None:
        return findings
    remaining = list(findings)
    complaints = []
    for number, line in enumerate(listing.lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = re.fullmatch(r"([\w-]+) (\S+): (\S.{9,})", line)
        if not entry:
            complaints.append(Finding(LIST, number, "exceptions", "write `CHECK PATH: reason`, with a reason in words"))
            continue
        check, path = entry.group(1), entry.group(2)
        excused = [finding for finding in remaining if finding.check == check and fnmatch.fnmatch(finding.path, path)]
        if not excused:
            complaints.append(
                Finding(LIST, number, "exceptions", f"nothing to excuse any more ({check} {path}): delete the line")
            )
        remaining = [finding for finding in remaining if finding not in excused]
    return remaining + complaints
