"""The await grammar (STYLE.md, Coroutines): compilers and readers go wrong where a suspension hides in an expression."""

import re

from . import cxx
from .tree import File, Finding, Tree

ADVICE = "write `auto name = co_await f(args);` as a statement of its own, then use the name"


def check(tree: Tree) -> list[Finding]:
    return [finding for file in tree if file.is_cxx and "co_await" in file.text for finding in check_file(file)]


def check_file(file: File) -> list[Finding]:
    code = cxx.blank(file.text)
    caught = [(block.end() - 1, cxx.match_forward(code, block.end() - 1))
              for block in re.finditer(r"\bcatch\s*\([^)]*\)\s*\{", code)]
    findings = []
    for match in re.finditer(r"\bco_await\b", code):
        place = misplaced(code, match.start())
        if any(start < match.start() < end for start, end in caught):
            place = "in a catch"
        if place:
            findings.append(Finding(file.path, cxx.line_of(code, match.start()), "await", f"co_await {place}: {ADVICE}"))
    return findings


def misplaced(code: str, position: int) -> str | None:
    """Where this co_await should not be, in words; nothing if it begins a statement or initialises a name."""
    start = max(code.rfind(mark, 0, position) for mark in ";{}") + 1
    before = code[start:position]
    if "co_await" in before:
        return "twice in one statement"
    if before.count("(") > before.count(")"):
        control = re.search(r"\b(if|while|switch|for)\s*(constexpr\s*)?\((?!.*\b(if|while|switch|for)\s*\()", before, re.DOTALL)
        return "inside a condition" if control else "inside an argument list or parentheses"
    if re.search(r"\?(?!.*::)", before):
        return "inside a ?:"
    opener = code[:start - 1].rstrip() if start and code[start - 1] == "{" else ""
    word = re.search(r"(\w+|[=,(<>\])])$", opener)
    if opener and word and not re.fullmatch(r"\)|\]|>|else|do|try|const|noexcept|mutable|override", word.group(1)):
        if re.search(r"(=|,|\(|\w)$", opener) and not re.search(r"->[^;{}()]*$", opener):
            return "inside braces"
    return None
