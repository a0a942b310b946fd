"""The await grammar (STYLE.md, Coroutines): a suspension that hides in an expression misleads readers and compilers."""

import re

from . import cxx
from .tree import File, Finding, Tree

ADVICE = "write `auto name = co_await f(args);` as a statement of its own, then use the name"


COROUTINE = r"\b(Task|awaitable)\s*<"
BORROWED = re.compile(r"\bconst\b[^,]*&|&&|\bstring_view\b|\bspan\s*<\s*const\b")


def check(tree: Tree) -> list[Finding]:
    findings: list[Finding] = []
    for file in tree:
        if file.is_cxx and re.search(COROUTINE, file.text):
            code = cxx.blank(file.text)
            findings += check_awaits(file, code) + check_parameters(file) + check_lambdas(file, code)
    return findings


def check_parameters(file: File) -> list[Finding]:
    """A coroutine keeps its parameters as they are: one bound to a temporary dangles after the first suspension.

    `T&` is allowed: it cannot bind to a temporary, and means what outlives the coroutine by contract (an Exchange, an
    IoContext, a part that main() owns); so is a span of what can be written to.
    """
    return [
        Finding(
            file.path,
            function.line,
            "coroutine-parameter",
            f"{function.name} is a coroutine with a borrowed parameter: take it by value, a temporary would be gone",
        )
        for function in cxx.functions(file.text)
        if re.search(COROUTINE, function.result) and BORROWED.search(function.parameter_text)
    ]


def check_lambdas(file: File, code: str) -> list[Finding]:
    """The captures of a coroutine lambda die with the lambda, which is usually before the coroutine ends."""
    findings = []
    for match in re.finditer(r"\[([^\[\]]+)\]\s*\([^{};]*\)\s*(mutable\s*)?->[^{};]*" + COROUTINE + r"[^{};]*\{", code):
        body = code[match.end() : cxx.match_forward(code, match.end() - 1)]
        if re.search(r"\bco_(await|return|yield)\b", body):
            findings.append(
                Finding(
                    file.path,
                    cxx.line_of(code, match.start()),
                    "coroutine-lambda",
                    "a coroutine lambda must not capture: write a named coroutine and pass arguments",
                )
            )
    return findings


def check_awaits(file: File, code: str) -> list[Finding]:
    caught = [
        (block.end() - 1, cxx.match_forward(code, block.end() - 1))
        for block in re.finditer(r"\bcatch\s*\([^)]*\)\s*\{", code)
    ]
    findings = []
    for match in re.finditer(r"\bco_await\b", code):
        place = misplaced(code, match.start())
        if any(start < match.start() < end for start, end in caught):
            place = "in a catch"
        if place:
            findings.append(
                Finding(file.path, cxx.line_of(code, match.start()), "await", f"co_await {place}: {ADVICE}")
            )
    return findings


def misplaced(code: str, position: int) -> str | None:
    """Where this co_await should not be, in words; nothing if it begins a statement or initialises a name."""
    start = max(code.rfind(mark, 0, position) for mark in ";{}") + 1
    before = re.sub(r"static_cast<void>\($", "", code[start:position])  # says that the result is not needed
    if "co_await" in before:
        return "twice in one statement"
    if before.count("(") > before.count(")"):
        control = re.search(
            r"\b(if|while|switch|for)\s*(constexpr\s*)?\((?!.*\b(if|while|switch|for)\s*\()", before, re.DOTALL
        )
        return "inside a condition" if control else "inside an argument list or parentheses"
    if re.search(r"\?(?!.*::)", before):
        return "inside a ?:"
    opener = code[: start - 1].rstrip() if start and code[start - 1] == "{" else ""
    word = re.search(r"(\w+|[=,(<>\])])$", opener)
    if opener and word and not re.fullmatch(r"\)|\]|>|else|do|try|const|noexcept|mutable|override", word.group(1)):
        if re.search(r"(=|,|\(|\w)$", opener) and not re.search(r"->[^;{}()]*$", opener):
            return "inside braces"
    return None
