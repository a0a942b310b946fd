"""test.sh counts what ctest wrote: single tests, failures, and what was skipped with its reason."""

import pathlib
import subprocess
import sys
import unittest

import support

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools" / "lib" / "count_junit.py"
REPORT = """<?xml version="1.0"?>
<testsuite name="x" tests="5">
  <testcase name="A.Works" status="run"><system-out>ok</system-out></testcase>
  <testcase name="A.Breaks" status="fail"><failure message="no"/><system-out>bad</system-out></testcase>
  <testcase name="A.NeedsRoot" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
    <system-out>[ RUN      ] A.NeedsRoot
a_test.cpp:7: Skipped
needs root
[  SKIPPED ] A.NeedsRoot</system-out></testcase>
  <testcase name="A.NeedsMounts" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
    <system-out>a_test.cpp:9: Skipped
mounts: none here</system-out></testcase>
  <testcase name="B_NOT_BUILT" status="notrun"><skipped message="Unable to find executable"/></testcase>
</testsuite>
"""


class JunitTest(support.TreeTest):
    def test_counts_and_names_what_failed_and_what_did_not_run(self):
        (self.root / "report.xml").write_text(REPORT)

        run = subprocess.run([sys.executable, PROGRAM, self.root / "report.xml"], capture_output=True, text=True)

        self.assertEqual(
            run.stdout.splitlines(),
            [
                "failed\tA.Breaks",
                "skipped\tA.NeedsRoot\tneeds root",
                "skipped\tmounts\tnone here; A.NeedsMounts",
                "failed\tB_NOT_BUILT",
                "counts\t1\t2",
            ],
        )

    def test_missing_report_is_an_error(self):
        run = subprocess.run([sys.executable, PROGRAM, self.root / "none.xml"], capture_output=True, text=True)

        self.assertNotEqual(run.returncode, 0)


if __name__ == "__main__":
    unittest.main()
