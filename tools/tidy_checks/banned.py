"""What may not be written, each with what to write instead."""

import dataclasses
import fnmatch
import re
from collections.abc import Callable

from . import cxx
from .tree import File, Finding, Tree


@dataclasses.dataclass(frozen=True)
class Ban:
    """A pattern and the files it is looked for in. `text` prepares the file: "code" has no comments and strings."""

    check: str
    pattern: str
    instead: str
    applies: Callable[[File], bool] = lambda file: file.is_cxx
    text: str = "code"


def in_code(file: File) -> bool:
    return file.is_cxx or file.suffix in (".py", ".sh", ".cmake", ".yml", ".toml") or file.name == "CMakeLists.txt"


BANS = (
    Ban(
        "sleep",
        r"\bsleep_(for|until)\b",
        "never sleep: wait for an event with a deadline "
        "(net::wait_for in a coroutine, condition_variable::wait_until, poll with a timeout)",
    ),
    Ban("sleep", r"(?<![\w.>:])(::)?(usleep|nanosleep|sleep)\s*\(", "never sleep: wait for an event with a deadline"),
    Ban(
        "sleep",
        r"\btime\.sleep\s*\(|^\s*sleep\s+[\d.$]",
        "a test waits for an event with a deadline, not for time to pass",
        applies=lambda file: file.is_test and file.suffix in (".py", ".sh"),
        text="raw",
    ),
    Ban("std-format", r"\bstd::(v?format(_to)?|print(ln)?)\b", "use fmt::format: libstdc++ 12 has no std::format"),
    Ban(
        "std-format",
        r"#\s*include\s*<(format|print)>",
        "include <fmt/format.h>: libstdc++ 12 has no std::format",
        text="includes",
    ),
    Ban(
        "iostream",
        r"#\s*include\s*<iostream>",
        "include <iosfwd> in a header, <iostream> in the .cpp that prints",
        applies=lambda file: file.is_header,
        text="includes",
    ),
    Ban(
        "asio-all",
        r"#\s*include\s*<boost/asio\.hpp>",
        "include the part of Asio that is used; the whole costs 4 s",
        text="includes",
    ),
    Ban(
        "new-delete",
        r"(?<!operator)\s\bnew\s+[A-Za-z_:(]|\(new\s+[A-Za-z_:]",
        "use std::make_unique or a value: who owns it must be visible in the type",
    ),
    Ban(
        "new-delete",
        r"(?<!operator)(?<![=\w])\s*\bdelete\b\s*(\[\s*\])?\s*[A-Za-z_(*]",
        "let a std::unique_ptr or a value own it",
    ),
    Ban("using-namespace", r"\busing\s+namespace\s+std\s*;", "write std::, or a using declaration for the one name"),
    Ban(
        "using-namespace",
        r"\busing\s+namespace\b",
        "never in a header: it changes the meaning of names elsewhere",
        applies=lambda file: file.is_header,
    ),
    Ban(
        "empty-catch",
        r"\bcatch\s*\([^)]*\)\s*\{\s*\}",
        "an exception must not vanish: handle it, count and log it, or return a Failure",
    ),
    Ban(
        "left-over",
        r"\b(TODO|FIXME|XXX|HACK)\b",
        "finish it now, or say in the README what is not there",
        applies=in_code,
        text="raw",
    ),
    Ban(
        "nolint-reason",
        r"NOLINT(NEXTLINE|BEGIN)?(?!\w)(?!\([\w.,\s*-]+\)\s*:?\s*\w+\s+\w+)",
        "name the check and say why it is wrong here: // NOLINT(bugprone-x): the reason",
        text="raw",
    ),
)

# Headers that cost seconds to compile, or that tie a module to a library: only these sources may see them.
HEAVY = {
    "Beast": (r"boost/beast", ("lib/net/src/*.cpp", "lib/net/src/*.hpp", "lib/net/tests/*.cpp")),
    "CLI11": (r"CLI/", ("bin/*.cpp", "lib/daemon/src/*.cpp", "lib/daemon/tests/*.cpp")),
    "toml++": (r"toml\+\+/|toml\.hpp", ("lib/base/src/*.cpp",)),
    "SQLite": (r"sqlite3", ("lib/store/src/*.cpp", "lib/store/src/*.hpp", "lib/store/tests/*.cpp")),
    "llama.cpp": (
        r"llama|ggml|server-\w+\.h|common\.h|mtmd|gguf",
        ("lib/engine-llama/src/*", "lib/engine-llama/tests/*"),
    ),
    "Lua": (r"(lua5\.4/)?(lua|lauxlib|lualib)\.(h|hpp)", ("lib/script/src/*.cpp",)),
    "libpq": (r"(postgresql/)?libpq-fe\.h", ("lib/store/src/*.cpp",)),
}


def check(tree: Tree) -> list[Finding]:
    findings: list[Finding] = []
    for file in tree:
        findings += check_bans(file)
        if file.is_cxx:
            findings += check_heavy(file)
    return findings


def check_bans(file: File) -> list[Finding]:
    findings = []
    prepared: dict[str, str] = {}
    for ban in BANS:
        if not ban.applies(file):
            continue
        if ban.text not in prepared:
            prepared[ban.text] = prepare(file, ban.text)
        for match in re.finditer(ban.pattern, prepared[ban.text], re.MULTILINE):
            start = match.start() + len(match.group(0)) - len(match.group(0).lstrip())
            word = " ".join(match.group(0).split())
            findings.append(Finding(file.path, cxx.line_of(file.text, start), ban.check, f"`{word}`: {ban.instead}"))
    return findings


def prepare(file: File, kind: str) -> str:
    if kind == "raw":
        return file.text
    code = cxx.blank(file.text, keep_preprocessor=(kind == "includes"))
    # Where the constructor is private, make_unique cannot call it; the owner is still in the same expression.
    return re.sub(
        r"((unique|shared)_ptr<[^;{}]*>\s*\w*\s*[({])\s*new\b",
        lambda owned: owned.group(1).ljust(len(owned.group(0))),
        code,
    )


def check_heavy(file: File) -> list[Finding]:
    findings = []
    for number, line in enumerate(cxx.blank(file.text, keep_preprocessor=True).splitlines(), 1):
        include = re.match(r"\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", line)
        if not include or include.group(1).startswith("rbees/"):
            continue
        for library, (pattern, allowed) in HEAVY.items():
            if re.match(pattern, include.group(1)) and not any(fnmatch.fnmatch(file.path, glob) for glob in allowed):
                findings.append(
                    Finding(
                        file.path,
                        number,
                        "heavy-header",
                        f"{library} may be included by {', '.join(allowed)} only: call the module that wraps it",
                    )
                )
    return findings
