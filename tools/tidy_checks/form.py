"""Sizes: lengths of files and functions, columns, nesting, parameters, comments of public headers."""

import re

from . import cxx
from .tree import File, Finding, Tree

COLUMNS_MAX = 120
FUNCTION_LINES_MAX = 60
NESTING_MAX = 3
PARAMETERS_MAX = 5
COMMENT_SHARE_MIN = 0.20
HEADER_LINES_MAX = 200
SOURCE_LINES_MAX = 400
SCRIPTS = (".py", ".sh", ".cmake")
WIDE = (".md", ".json", ".txt", ".svg", "")  # prose and data may be wider


def check(tree: Tree) -> list[Finding]:
    findings: list[Finding] = []
    for file in tree:
        findings += check_length(file)
        findings += check_columns(file)
        if file.is_cxx:
            findings += check_functions(file)
        if file.is_public_header:
            findings += check_public_header(file)
    return findings


def check_length(file: File) -> list[Finding]:
    is_source = file.is_cxx or file.suffix in SCRIPTS
    limit = HEADER_LINES_MAX if file.is_header else SOURCE_LINES_MAX
    count = len(file.lines)
    if not is_source or count <= limit:
        return []
    return [
        Finding(
            file.path, 1, "file-length", f"{count} lines, {limit} at most: move one of its ideas into a file of its own"
        )
    ]


def check_columns(file: File) -> list[Finding]:
    if file.suffix in WIDE and file.name not in ("CMakeLists.txt",):
        return []
    return [
        Finding(file.path, number, "columns", f"{len(line)} columns, {COLUMNS_MAX} at most: break the line")
        for number, line in enumerate(file.lines, 1)
        if len(line) > COLUMNS_MAX
    ]


def check_functions(file: File) -> list[Finding]:
    findings = []
    for function in cxx.functions(file.text):
        name = function.name
        if function.lines > FUNCTION_LINES_MAX:
            findings.append(
                Finding(
                    file.path,
                    function.line,
                    "function-length",
                    f"{name} has {function.lines} lines, {FUNCTION_LINES_MAX} at most: name its parts as functions",
                )
            )
        if function.nesting > NESTING_MAX:
            findings.append(
                Finding(
                    file.path,
                    function.nesting_line,
                    "nesting",
                    f"{name} nests {function.nesting} deep, {NESTING_MAX} at most: return early or extract",
                )
            )
        if function.parameters > PARAMETERS_MAX:
            findings.append(
                Finding(
                    file.path,
                    function.line,
                    "parameters",
                    f"{name} takes {function.parameters} parameters, {PARAMETERS_MAX} at most: make a struct of them",
                )
            )
    return findings


def check_public_header(file: File) -> list[Finding]:
    findings = []
    if not re.match(r"#pragma once\n", file.text):
        findings.append(Finding(file.path, 1, "pragma-once", "begin a public header with `#pragma once`"))
    if not re.search(r"^///? ?@file\b|^/// @file", file.text, re.MULTILINE):
        findings.append(
            Finding(
                file.path, 1, "file-comment", "say in a `/// @file` paragraph what this header is and why it exists"
            )
        )
    filled = [line for line in file.lines if line.strip()]
    commented = [line for line in filled if "//" in line]
    share = len(commented) / max(1, len(filled))
    if share < COMMENT_SHARE_MIN:
        findings.append(
            Finding(
                file.path,
                1,
                "comment-share",
                f"{share:.0%} of the lines have a comment, {COMMENT_SHARE_MIN:.0%} or more is usual: "
                "say purpose, ownership, threading, units and errors",
                warning=True,
            )
        )
    return findings
