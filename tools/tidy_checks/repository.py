"""The tree as a stranger gets it: titles, sizes, names, modes, and nothing that belongs to one machine."""

import re

from .tree import File, Finding, Tree

BLOB_BYTES_MAX = 256 * 1024
MACHINE_PATHS = re.compile(
    r"(?<![\w.~$}-])/(work|root|Users/\w+|home/(?!USER\b|user\b)[a-z]\w*|tmp/(w|bash_jobs))(?=/|\b)"
)
HOSTS = re.compile(
    r"\b(registry\.npmjs\.org|pypi\.org|files\.pythonhosted\.org|deb\.debian\.org|security\.debian\.org"
    r"|proxy\.golang\.org|sum\.golang\.org|(static\.)?crates\.io|registry\.yarnpkg\.com)\b"
)
ROOT_FOLDERS = ("lib", "bin", "tests", "bench", "features")


def check(tree: Tree) -> list[Finding]:
    findings: list[Finding] = []
    for file in tree:
        findings += check_size(file)
        findings += check_mode(file)
        findings += check_name(file)
        findings += check_text(file)
        if file.suffix == ".md":
            findings += check_title(file)
    return findings


def check_size(file: File) -> list[Finding]:
    if len(file.data) <= BLOB_BYTES_MAX:
        return []
    return [
        Finding(
            file.path,
            1,
            "blob",
            f"{len(file.data) // 1024} KiB, {BLOB_BYTES_MAX // 1024} at most: "
            "fetch it by a recipe with a hash (third_party/), or make it smaller",
        )
    ]


def check_mode(file: File) -> list[Finding]:
    has_interpreter = file.data.startswith(b"#!")
    if has_interpreter and not file.is_executable:
        return [Finding(file.path, 1, "mode", "has a #! line but cannot be run: chmod +x, or delete the #! line")]
    if file.is_executable and not has_interpreter:
        return [Finding(file.path, 1, "mode", "is executable but has no #! line: chmod -x")]
    return []


def check_name(file: File) -> list[Finding]:
    findings = []
    if file.is_cxx and not re.fullmatch(r"[a-z0-9_]+\.(cpp|hpp)", file.name):
        findings.append(Finding(file.path, 1, "name", "C++ files are snake_case with .cpp or .hpp"))
    if file.parts[0] in ("lib", "bin") and len(file.parts) > 1 and not re.fullmatch(r"[a-z0-9.-]+", file.parts[1]):
        findings.append(Finding(file.path, 1, "name", "module folders are kebab-case"))
    return findings


def check_text(file: File) -> list[Finding]:
    findings = []
    for number, line in enumerate(file.lines, 1):
        if path := MACHINE_PATHS.search(line):
            findings.append(
                Finding(
                    file.path,
                    number,
                    "machine-path",
                    f"`{path.group(0)}` exists on one machine only: use a variable or a relative path",
                )
            )
        if host := HOSTS.search(line):
            findings.append(
                Finding(
                    file.path,
                    number,
                    "registry-host",
                    f"`{host.group(0)}`: call npm, pip or apt; users may have a mirror configured",
                )
            )
        if "\t" in line and file.suffix in (".cpp", ".hpp", ".py", ".cmake", ".md", ".feature"):
            findings.append(Finding(file.path, number, "tab", "indent with spaces"))
        if line != line.rstrip() and file.suffix != ".patch":
            findings.append(
                Finding(file.path, number, "trailing-space", "delete the white space at the end of the line")
            )
    return findings


def check_title(file: File) -> list[Finding]:
    in_code = False
    titles = []
    for number, line in enumerate(file.lines, 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and re.match(r"# \S", line):
            titles.append(number)
    if titles[:1] != [1]:
        return [Finding(file.path, 1, "title", "begin with one `# Title` that says what the page is about")]
    return [Finding(file.path, number, "title", "one `# Title` a page: make this one `##`") for number in titles[1:]]
