"""Rules about sizes, banned words and the repository: each finds its fault and passes what is right."""

import unittest

import support
from tidy_checks import banned, exceptions, form, format, repository
from tidy_checks.tree import Finding

HEADER = "#pragma once\n/// @file\n/// Why it exists.\n\n/// What it gives.\nint f(int a);\n"


class FormTest(support.TreeTest):
    def test_short_documented_header_is_right(self):
        self.assertEqual(form.check(self.tree({"lib/a/include/rbees/a/a.hpp": HEADER})), [])

    def test_too_long_files_functions_and_lines_are_found(self):
        long_function = "int f() {\n" + "    g();\n" * 60 + "}\n"
        findings = form.check(
            self.tree(
                {
                    "lib/a/src/long.cpp": "int a;\n" * 401,
                    "lib/a/src/long.hpp": "int a;\n" * 201,
                    "lib/a/src/function.cpp": long_function,
                    "lib/a/src/wide.cpp": "// " + "x" * 118 + "\n",
                }
            )
        )

        self.assertEqual(self.names(findings), ["columns", "file-length", "function-length"])
        self.assertEqual(len(findings), 4)

    def test_limits_themselves_are_allowed(self):
        findings = form.check(
            self.tree(
                {
                    "lib/a/src/long.cpp": "int a;\n" * 400,
                    "lib/a/src/function.cpp": "int f(int a, int b, int c, int d, int e) {\n"
                    + "    g();\n" * 58
                    + "}\n",
                    "lib/a/src/wide.cpp": "// " + "x" * 117 + "\n",
                    "lib/a/src/deep.cpp": "void f() {\n    for (;;) {\n        if (a) {\n"
                    "            do {\n            } while (b);\n        }\n    }\n}\n",
                }
            )
        )

        self.assertEqual(findings, [])

    def test_six_parameters_and_four_steps_are_too_many(self):
        findings = form.check(
            self.tree(
                {
                    "lib/a/src/a.cpp": "int f(int a, int b, int c, int d, int e, int g);\n"
                    "void h() {\n    if (a) {\n        if (b) {\n            if (c) {\n"
                    "                if (d) {\n                }\n            }\n        }\n    }\n}\n"
                }
            )
        )

        self.assertEqual(self.spots(findings), ["lib/a/src/a.cpp:1", "lib/a/src/a.cpp:6"])

    def test_public_header_needs_pragma_and_file_comment_and_is_warned_about_few_comments(self):
        findings = form.check(self.tree({"lib/a/include/rbees/a/a.hpp": "int f();\n"}))

        self.assertEqual(self.names(findings), ["comment-share", "file-comment", "pragma-once"])
        self.assertEqual([finding.check for finding in findings if finding.warning], ["comment-share"])


class BannedTest(support.TreeTest):
    def found(self, text: str, path: str = "lib/a/src/a.cpp") -> list[str]:
        return self.names(banned.check(self.tree({path: text})))

    def test_each_ban_finds_its_word_and_names_the_replacement(self):
        cases = {
            "std::this_thread::sleep_for(1s);": ("sleep", "deadline"),
            "    ::usleep(5);": ("sleep", "deadline"),
            "auto a = std::format(b);": ("std-format", "fmt::format"),
            "#include <format>": ("std-format", "fmt/format.h"),
            "#include <boost/asio.hpp>": ("asio-all", "part"),
            "auto* a = new Thing(1);": ("new-delete", "make_unique"),
            "f(new Thing);": ("new-delete", "make_unique"),
            "delete thing;": ("new-delete", "unique_ptr"),
            "delete[] things;": ("new-delete", "unique_ptr"),
            "using namespace std;": ("using-namespace", "std::"),
            "void f() { try { g(); } catch (...) { } }": ("empty-catch", "Failure"),
            "void f() { try { g(); } catch (const E&) { /* never mind */ } }": ("empty-catch", "Failure"),
            "// TO" "DO: later": ("left-over", "finish"),
            "int a;  // NOLINT": ("nolint-reason", "why"),
            "int a;  // NOLINT(bugprone-x)": ("nolint-reason", "why"),
            "#include <boost/beast/http.hpp>": ("heavy-header", "lib/net"),
            "#include <CLI/CLI.hpp>": ("heavy-header", "lib/daemon"),
            "#include <sqlite3.h>": ("heavy-header", "lib/store"),
            '#include "llama.h"': ("heavy-header", "lib/engine-llama"),
        }
        for text, (check, advice) in cases.items():
            with self.subTest(text):
                findings = banned.check(self.tree({"lib/a/src/a.cpp": text + "\n"}))
                self.assertEqual(self.names(findings), [check])
                self.assertIn(advice, findings[0].message)

    def test_what_only_looks_like_it_is_left_alone(self):
        for text in (
            "Box(const Box&) = delete;",
            "// a new box, delete it",
            'auto a = "delete box; new box";',
            "bool operator new_box();",
            "catch_all();",
            "int a;  // NOLINT(bugprone-x): the library frees it itself",
            "void f() { try { g(); } catch (...) { log(); } }",
            "sleep_state(1);",
            "node.sleep(1);",
            "#include <iostream>",
            '#include "rbees/engine_llama/llama.hpp"',
            "auto renew = newest (3);",
            "auto a = delete_;",
            "std::unique_ptr<Writer> w(new Writer(1));",
        ):
            with self.subTest(text):
                self.assertEqual(self.found(text + "\n"), [])

    def test_some_words_are_banned_in_headers_only(self):
        text = "#include <iostream>\nusing namespace rbees;\n"

        self.assertEqual(self.found(text, "lib/a/src/a.hpp"), ["iostream", "using-namespace"])
        self.assertEqual(self.found(text), [])

    def test_scripts_of_tests_do_not_sleep_either(self):
        self.assertEqual(self.found("import time\ntime.sleep(1)\n", "tests/a/a.py"), ["sleep"])
        self.assertEqual(self.found("sleep 0.5\n", "tests/a/run.sh"), ["sleep"])

    def test_heavy_headers_are_right_where_their_module_is(self):
        for path, text in (
            ("lib/net/src/server.cpp", "#include <boost/beast/http.hpp>\n"),
            ("bin/rbees-ctl/options.cpp", "#include <CLI/CLI.hpp>\n"),
            ("lib/store/src/journal.cpp", "#include <sqlite3.h>\n"),
        ):
            with self.subTest(path):
                self.assertEqual(self.found(text, path), [])


class RepositoryTest(support.TreeTest):
    def found(self, files: dict) -> list[str]:
        return self.names(repository.check(self.tree(files)))

    def test_page_has_one_title_on_its_first_line(self):
        self.assertEqual(self.found({"a.md": "# A\n\n```\n# not a title\n```\n"}), [])
        self.assertEqual(self.found({"a.md": "Words\n\n# A\n"}), ["title"])
        self.assertEqual(self.found({"a.md": "# A\n\n# B\n"}), ["title"])

    def test_large_files_are_found(self):
        self.assertEqual(self.found({"a.bin": b"\0" * (256 * 1024)}), [])
        self.assertEqual(self.found({"a.bin": b"\0" * (256 * 1024 + 1)}), ["blob"])

    def test_paths_of_one_machine_are_found(self):
        for path in ("/wo" "rk/main/a", "/ro" "ot/.cache", "/ho" "me/anna/rbees", "/Us" "ers/anna/rbees"):
            with self.subTest(path):
                self.assertEqual(self.found({"a.md": f"# A\n\nlook into `{path}`\n"}), ["machine-path"])
        self.assertEqual(
            self.found({"a.md": "# A\n\n~/work/rbees docs/work/a.md $HOME/root /home/USER /network\n"}), []
        )

    def test_hosts_of_registries_are_found(self):
        self.assertEqual(self.found({"a.sh": "curl https://" + "pypi" + ".org/simple\n"}), ["registry-host"])

    def test_mode_and_interpreter_agree(self):
        self.assertEqual(self.found({"a.sh": "#!/bin/sh\n"}), ["mode"])
        tree = self.tree({"b.sh": "#!/bin/sh\n", "c.md": "# C\n"})
        (self.root / "b.sh").chmod(0o755)
        self.assertEqual(repository.check(tree), [])
        (self.root / "c.md").chmod(0o755)
        self.assertEqual(self.names(repository.check(tree)), ["mode"])

    def test_names_and_white_space(self):
        self.assertEqual(self.found({"lib/a/src/BigFile.cpp": "int a;\n"}), ["name"])
        self.assertEqual(self.found({"lib/Big_Module/README.md": "# A\n"}), ["name"])
        self.assertEqual(self.found({"lib/a/src/a.cpp": "int a; \n\tint b;\n"}), ["tab", "trailing-space"])


class ExceptionsTest(support.TreeTest):
    finding = Finding("lib/a/src/a.cpp", 3, "columns", "too wide")

    def remaining(self, listing: str) -> list[str]:
        return self.names(exceptions.apply(self.tree({exceptions.LIST: listing}), [self.finding]))

    def test_exception_with_a_reason_excuses_its_check_on_its_path(self):
        self.assertEqual(
            self.remaining("# list\ncolumns lib/*/a.cpp: a table of addresses that reads best in one line\n"), []
        )

    def test_exception_without_a_reason_excuses_nothing(self):
        self.assertEqual(self.remaining("columns lib/a/src/a.cpp:\n"), ["columns", "exceptions"])

    def test_exception_that_excuses_nothing_must_go(self):
        self.assertEqual(
            self.remaining("nesting lib/a/src/a.cpp: it was deep once upon a time\n"), ["columns", "exceptions"]
        )


class FormatTest(support.TreeTest):
    def test_unformatted_file_is_found_with_its_line(self):
        tree = self.tree(
            {".clang-format": "BasedOnStyle: Google\n", "good.cpp": "int a;\n", "bad.cpp": "int a;\nint   b;\n"}
        )

        self.assertEqual(self.spots(format.check(tree)), ["bad.cpp:2"])


if __name__ == "__main__":
    unittest.main()
