"""Reads ctest's JUnit file for test.sh: count_junit.py FILE

Prints, separated by tabs: `failed NAME` and `skipped NAME REASON` for each such test, then `counts PASSED FAILED`.
A test that says what it lacks, as in `mounts: none here`, is told by the name of that ground, which RBEES_REQUIRE may
hold: `skipped mounts none here; NAME`.
A program that ctest should know but that was not built is a failure: its tests would be missed in silence.
"""

import re
import sys
import xml.etree.ElementTree as tree

GROUND = re.compile("[a-z-]+")


def main() -> int:
    passed = failed = 0
    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
        name = case.get("name")
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.get("status") == "fail" or name.endswith("_NOT_BUILT"):
            failed += 1
            print("failed", name, sep="\t")
        elif skipped is not None or case.get("status") in ("notrun", "disabled"):
            said = reason_of(case.findtext("system-out") or "")
            told = skipped.get("message") if skipped is not None else ""
            ground, _, why = said.partition(": ")
            if why and GROUND.fullmatch(ground):
                print("skipped", ground, f"{why}; {name}", sep="\t")
            else:
                print("skipped", name, said or told or "skipped by the test", sep="\t")
        else:
            passed += 1
    print("counts", passed, failed, sep="\t")
    return 0


def reason_of(output: str) -> str:
    """The sentence that GTEST_SKIP() << "..." printed: the line below "Skipped", which follows a file name."""
    lines = output.splitlines()
    for number, line in enumerate(lines[:-1]):
        if line.rstrip().endswith("Skipped"):
            return lines[number + 1].strip()
    return ""


if __name__ == "__main__":
    sys.exit(main())
