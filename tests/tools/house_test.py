"""Rules about the house: organs, direction of dependency, dead files; and the command as a whole."""

import pathlib
import subprocess
import unittest

import support
from tidy_checks import modules

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tidy"


class ModulesTest(support.TreeTest):
    def found(self, files: dict) -> list[str]:
        return self.names(modules.check(self.tree(files)))

    def module(self, name: str, sources: dict, listing: str = "") -> dict:
        files = {f"lib/{name}/README.md": f"# {name}\n", f"lib/{name}/CMakeLists.txt": listing}
        return files | {f"lib/{name}/{path}": text for path, text in sources.items()}

    def test_module_without_readme_is_found(self):
        self.assertEqual(self.found({"lib/base/CMakeLists.txt": ""}), ["organs"])

    def test_module_that_nobody_placed_is_found(self):
        self.assertEqual(self.found(self.module("attic", {})), ["direction"])

    def test_includes_follow_the_direction_of_dependency(self):
        listing = "rbees_module(kernel PUBLIC contracts SOURCES a.cpp)"
        right = "".join(
            f'#include "rbees/{header}"\n' for header in ("base/ids.hpp", "orchestrator_core/lease.hpp", "kernel/a.hpp")
        )
        self.assertEqual(self.found(self.module("kernel", {"src/a.cpp": right}, listing)), [])

        for wrong in ("net/client.hpp", "store/journal.hpp", "testing/fakes.hpp"):
            with self.subTest(wrong):
                self.assertEqual(
                    self.found(self.module("kernel", {"src/a.cpp": f'#include "rbees/{wrong}"\n'}, listing)),
                    ["direction"],
                )

    def test_tests_may_use_the_fakes(self):
        files = self.module(
            "net", {"tests/a_test.cpp": '#include "rbees/testing/clock.hpp"\n'}, "rbees_module(net TESTS a_test.cpp)"
        )

        self.assertEqual(self.found(files), [])

    def test_declared_dependencies_follow_it_too(self):
        self.assertEqual(self.found(self.module("net", {}, "rbees_module(net\n  PUBLIC base\n  HEADERS a.hpp)")), [])
        self.assertEqual(
            self.found(self.module("net", {}, "rbees_module(net\n  PUBLIC base kernel\n  HEADERS a.hpp)")),
            ["direction"],
        )

    def test_module_is_called_like_its_folder(self):
        self.assertEqual(self.found(self.module("net", {}, "rbees_module(network)")), ["organs"])

    def test_source_that_no_listing_names_is_dead(self):
        listing = "rbees_module(net SOURCES a.cpp deep/b.cpp TESTS a_test.cpp)"
        alive = {"src/a.cpp": "", "src/deep/b.cpp": "", "tests/a_test.cpp": ""}
        self.assertEqual(self.found(self.module("net", alive, listing)), [])
        self.assertEqual(self.found(self.module("net", alive | {"src/gone.cpp": ""}, listing)), ["dead-file"])

    def test_main_of_a_program_needs_no_listing(self):
        files = {"bin/rbees-x/README.md": "# x\n", "bin/rbees-x/CMakeLists.txt": "", "bin/rbees-x/main.cpp": ""}

        self.assertEqual(self.found(files), [])


class CommandTest(support.TreeTest):
    def run_tidy(self, files: dict) -> subprocess.CompletedProcess:
        self.tree(files)
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        return subprocess.run([PROGRAM, "--no-format", "--root", str(self.root)], capture_output=True, text=True)

    def test_clean_tree_ends_with_zero(self):
        run = self.run_tidy({"README.md": "# A\n"})

        self.assertEqual((run.returncode, run.stdout), (0, "tidy: 1 files, 0 to mend, 0 warnings\n"))

    def test_finding_is_printed_with_place_and_advice_and_ends_with_one(self):
        run = self.run_tidy({"lib/README.md": "# A\n", "bench/a.hpp": "using namespace std;\n"})

        self.assertEqual(run.returncode, 1)
        self.assertIn("bench/a.hpp:1: `using namespace std;`: write std::", run.stdout)

    def test_files_that_git_ignores_are_not_looked_at(self):
        run = self.run_tidy({".gitignore": "build/\n", "build/a.md": "no title\n"})

        self.assertEqual(run.returncode, 0, run.stdout)


if __name__ == "__main__":
    unittest.main()
