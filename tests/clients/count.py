"""Reads pytest's JUnit file for run.sh: count.py FILE

Prints `not run: GROUND (WHY)` for each reason that tests were skipped for, then `N passed, N failed`.
"""

import sys
import xml.etree.ElementTree as tree


def main() -> int:
    try:
        root = tree.parse(sys.argv[1]).getroot()
    except (OSError, tree.ParseError):
        return 1
    passed = 0
    failed = set()
    skipped = {}
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        reason = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif reason is not None:
            skipped.setdefault(reason.get("message") or "skipped", []).append(name)
        else:
            passed += 1
    for reason, names in skipped.items():
        ground, _, why = reason.partition(": ")
        print(f"not run: {ground} ({why or 'skipped'}; {len(names)} of clients)")
    print(f"{passed} passed, {len(failed)} failed")
    return 0 if passed + len(failed) + len(skipped) else 1


if __name__ == "__main__":
    sys.exit(main())
