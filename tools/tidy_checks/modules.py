"""The house: every module has the same organs, and dependencies point one way only (ARCHITECTURE.md)."""

import re

from . import cxx
from .tree import File, Finding, Tree

# What each module may see directly; what those see comes with them. Only bin/* sees everything.
SEES = {
    "base": (),
    "reflect": ("base",),
    "contracts": ("reflect",),
    "orchestrator-core": ("contracts",),
    "pool-core": ("contracts",),
    "agent-core": ("contracts",),
    "memory-core": ("contracts",),
    "kernel": ("orchestrator-core", "pool-core", "agent-core", "memory-core"),
    "control": ("kernel",),
    "simulation": ("control",),
    "net": ("base",),
    "http-api": ("contracts", "net"),
    "store": ("base",),
    "process": ("base",),
    "daemon": ("contracts", "process"),
    "sandbox": ("base",),
    "script": ("base",),
    "engine": ("base",),
    "engine-llama": ("engine",),
}
EVERYTHING = ("testing",)  # fakes and fixtures of all modules; tests may see it
ORGANS = ("README.md", "CMakeLists.txt")


def check(tree: Tree) -> list[Finding]:
    findings = check_organs(tree)
    for file in tree:
        if file.is_cxx and file.parts[0] == "lib":
            findings += check_includes(file)
        if file.parts[0] == "lib" and file.name == "CMakeLists.txt" and len(file.parts) == 3:
            findings += check_declared(file)
        if file.suffix == ".cpp":
            findings += check_named(tree, file)
    return findings


def module_of(file: File) -> str:
    return file.parts[1]


def closure(module: str) -> set[str]:
    """All modules that `module` may see."""
    seen: set[str] = set()
    waiting = list(SEES.get(module, ()))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += SEES[name]
    return seen


def check_organs(tree: Tree) -> list[Finding]:
    findings = []
    folders = sorted(
        {"/".join(file.parts[:2]) for file in tree if file.parts[0] in ("lib", "bin") and len(file.parts) > 2}
    )
    for folder in folders:
        for organ in ORGANS:
            if f"{folder}/{organ}" not in tree.by_path:
                findings.append(
                    Finding(f"{folder}/{organ}", 1, "organs", f"{folder} has no {organ}: every module has one")
                )
        name = folder.split("/")[1]
        if folder.startswith("lib/") and name not in SEES and name not in EVERYTHING:
            findings.append(
                Finding(
                    f"{folder}/CMakeLists.txt",
                    1,
                    "direction",
                    f"{name} has no place in the direction of dependency: "
                    "add it to SEES in tools/tidy_checks/modules.py and to ARCHITECTURE.md",
                )
            )
    return findings


def check_includes(file: File) -> list[Finding]:
    module = module_of(file)
    if module in EVERYTHING or module not in SEES:
        return []
    allowed = closure(module) | {module}
    if "tests" in file.parts:
        allowed |= set(EVERYTHING)
    folders = {name.replace("-", "_"): name for name in (*SEES, *EVERYTHING)}
    findings = []
    for number, line in enumerate(cxx.blank(file.text, keep_preprocessor=True).splitlines(), 1):
        include = re.match(r"\s*#\s*include\s*\"rbees/(\w+)/", line)
        if include and folders.get(include.group(1)) not in allowed:
            findings.append(Finding(file.path, number, "direction", wrong_way(module, include.group(1), allowed)))
    return findings


def check_declared(file: File) -> list[Finding]:
    module = module_of(file)
    declared = re.search(r"rbees_module\(\s*([\w-]+)(.*?)\)", file.text, re.DOTALL)
    if not declared or module in EVERYTHING or module not in SEES:
        return []
    findings = []
    line = cxx.line_of(file.text, declared.start())
    if declared.group(1) != module:
        findings.append(
            Finding(file.path, line, "organs", f"rbees_module({declared.group(1)}): name it {module}, as its folder")
        )
    public = re.search(r"\bPUBLIC\s+((?:[a-z][\w-]*\s+)*(?:[a-z][\w-]*)?)", declared.group(2))
    for name in public.group(1).split() if public else ():
        if name not in closure(module):
            findings.append(Finding(file.path, line, "direction", wrong_way(module, name, closure(module))))
    return findings


def wrong_way(module: str, other: str, allowed: set[str]) -> str:
    sees = ", ".join(sorted(allowed - {module})) or "no other module"
    return f"{module} may not see {other} (it sees {sees}): let bin/* connect the two, or move the shared part down"


def check_named(tree: Tree, file: File) -> list[Finding]:
    """A source that no build file names is never built: dead."""
    if file.name == "main.cpp" and file.parts[0] == "bin" and len(file.parts) == 3:
        return []  # rbees_binary() names it
    for depth in range(len(file.parts)):
        folder = "/".join(file.parts[:depth])
        relative = file.parts[depth:]
        spellings = {
            file.path,
            "/".join(relative),
            "/".join(relative[1:]),
        }  # rbees_module() adds src/ and tests/ itself
        for listing in build_files(tree, folder):
            if spellings & set(re.split(r"[\s()\"]+|\$\{\w+\}/", listing.text)) - {""}:
                return []
    return [Finding(file.path, 1, "dead-file", "no CMakeLists.txt names this file: build it or delete it")]


def build_files(tree: Tree, folder: str) -> list[File]:
    """The CMakeLists.txt and .cmake files that lie directly in a folder."""
    return [
        file
        for file in tree
        if "/".join(file.parts[:-1]) == folder and (file.name == "CMakeLists.txt" or file.suffix == ".cmake")
    ]
