"""The reader of C++ finds functions and awaits where they are, whatever stands around them."""

import unittest

import support
from tidy_checks import awaits, cxx


def only(text: str) -> cxx.Function:
    found = cxx.functions(text)
    assert len(found) == 1, found
    return found[0]


class FunctionsTest(unittest.TestCase):
    def test_counts_lines_from_the_head_to_the_closing_brace(self):
        function = only("namespace a {\n\nint f(int x)\n{\n    return x;\n}\n\n}  // namespace a\n")

        self.assertEqual((function.name, function.line, function.lines), ("f", 3, 4))

    def test_counts_parameters_and_not_the_commas_inside_them(self):
        text = "void f(std::map<int, std::pair<int, int>> a, void (*b)(int, int), int c = g(1, 2), S d = {1, 2}) {}"

        self.assertEqual(only(text).parameters, 4)

    def test_sees_methods_constructors_and_operators_of_a_class(self):
        text = """
class Box final : public Base<int> {
  public:
    explicit Box(int a, int b) : a_(a), b_{b} { check(); }
    [[nodiscard]] bool operator==(const Box&) const = default;
    bool operator()(int a, int b, int c) const noexcept { return a < b && b < c; }
    ~Box();

  private:
    int a_ = 0;
    std::function<void(int)> b_{[](int) {}};
};
"""
        found = [(function.name, function.parameters) for function in cxx.functions(text)]

        self.assertEqual(found, [("Box", 2), ("operator_", 1), ("operator_call", 3), ("~Box", 0)])

    def test_body_after_braced_member_initializers_is_measured(self):
        function = only("Box::Box(int a)\n    : a_{a},\n      b_{} {\n    for (;;) {\n    }\n}\n")

        self.assertEqual((function.lines, function.nesting), (6, 1))

    def test_trailing_return_types_and_templates_do_not_hide_a_function(self):
        text = "template <class T, class U = std::map<T, int>>\nauto f(T a, U b) -> std::expected<T, U> {\n}\n"

        self.assertEqual(only(text).parameters, 2)

    def test_strings_comments_and_macros_do_not_count_as_code(self):
        text = (
            "#define OPEN { \\\n  {\nint f() {\n    // if (a) {\n"
            '    g("{{{", \'{\', R"(}}{)");\n}\nint h() { return 1\'000; }\n'
        )

        self.assertEqual([(f.name, f.lines) for f in cxx.functions(text)], [("f", 4), ("h", 1)])

    def test_macro_before_a_type_does_not_swallow_it(self):
        text = "DESCRIBE(Box, (a, b))\nstruct Box { void f(int a); };\n"

        self.assertEqual([f.name for f in cxx.functions(text)], ["f"])

    def test_test_bodies_are_functions_without_parameters(self):
        function = only("TEST(Lease, SecondWorkerIsRefused) {\n    EXPECT_TRUE(f());\n}\n")

        self.assertEqual(
            (function.name, function.parameters, function.lines), ("TEST(Lease, SecondWorkerIsRefused)", 0, 3)
        )


class NestingTest(unittest.TestCase):
    def nesting(self, body: str) -> int:
        return only(f"void f() {{\n{body}\n}}\n").nesting

    def test_straight_code_and_plain_blocks_are_not_nested(self):
        self.assertEqual(self.nesting("int a = 1; { a = 2; } S s{1, {2}};"), 0)

    def test_each_control_block_counts(self):
        self.assertEqual(self.nesting("for (auto& a : b) { if (a) { while (a) { try { g(); } catch (...) { } } } }"), 4)

    def test_else_if_is_one_step_not_two(self):
        self.assertEqual(self.nesting("if (a) { } else if (b) { } else { }"), 1)

    def test_two_statements_on_one_block_count_twice(self):
        self.assertEqual(self.nesting("for (auto& a : b) if (a) { g(); }"), 2)

    def test_lambda_is_no_step_but_what_is_in_it_counts(self):
        self.assertEqual(self.nesting("run([&](int a) { if (a) { g(); } });"), 1)


class AwaitTest(support.TreeTest):
    def found(self, statement: str) -> list[str]:
        findings = awaits.check(self.tree({"bin/a/a.cpp": f"Task<int> f() {{\n{statement}\n}}\n"}))
        return [finding.message.split(":")[0] for finding in findings]

    def test_one_await_a_statement_is_right(self):
        for statement in (
            "co_await g(a, std::move(b));",
            "if (x) static_cast<void>(co_await g());",
            "const auto x = co_await g();",
            "auto [a, b] = co_await g();",
            "co_return co_await g();",
            "if (x) co_await g();",
            "for (;;) { x = co_await g(); }",
            "else { co_await g(); }",
            "spawn(io, [](Task<int> t) -> Task<void> { co_await g(); });",
            "spawn([](int a) { co_await g(); });",
        ):
            with self.subTest(statement):
                self.assertEqual(self.found(statement), [])

    def test_await_inside_an_expression_is_found(self):
        for statement, place in (
            ("if (co_await g()) return;", "inside a condition"),
            ("while (a && co_await g()) {}", "inside a condition"),
            ("if (auto x = co_await g(); !x) co_return;", "inside a condition"),
            ("h(co_await g());", "inside an argument list or parentheses"),
            ("h(static_cast<int>(co_await g()));", "inside an argument list or parentheses"),
            ("auto x = a ? co_await g() : b;", "inside a ?"),
            ("auto x = Box{co_await g()};", "inside braces"),
            ("auto x = co_await g() + co_await h();", "twice in one statement"),
            ("try { a(); } catch (const E& e) { co_await g(); }", "in a catch"),
        ):
            with self.subTest(statement):
                self.assertEqual(self.found(statement), [f"co_await {place}"])

    def checks(self, text: str) -> list[str]:
        return self.names(awaits.check(self.tree({"lib/net/src/a.cpp": text})))

    def test_coroutine_takes_values_or_what_cannot_be_a_temporary(self):
        for parameters in (
            "",
            "std::string a, Fields b",
            "Exchange& exchange",
            "std::unique_ptr<Stream> s, const int n",
            "Duration span",
            "std::span<char> room",
        ):
            with self.subTest(parameters):
                self.assertEqual(self.checks(f"net::Task<void> Shell::f({parameters}) {{ co_return; }}\n"), [])
        for parameters in (
            "const std::string& a",
            "std::string_view a",
            "Request&& r",
            "int a, std::span<const int> b",
        ):
            with self.subTest(parameters):
                self.assertEqual(self.checks(f"[[nodiscard]] Task<int> f({parameters});\n"), ["coroutine-parameter"])

    def test_capturing_lambda_may_call_a_coroutine_but_not_be_one(self):
        forward = "void f() { serve([this](Exchange& e) -> Task<void> { return handle(e); }); }\n"
        capture = "void f() { serve([this](Exchange& e) -> Task<void> { co_await handle(e); }); }\n"

        self.assertEqual(self.checks(forward), [])
        self.assertEqual(self.checks(capture), ["coroutine-lambda"])


if __name__ == "__main__":
    unittest.main()
