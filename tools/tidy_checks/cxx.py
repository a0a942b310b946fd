"""Reads just enough C++ to find functions: their length, parameters and nesting. No compiler needed.

The text is first blanked (comments, strings and preprocessor lines become spaces, line ends stay), then braces are
matched. At namespace and class level the text before a `{` tells what opens; inside a function only the depth of
control blocks matters.
"""

import dataclasses
import re

CONTROL = ("if", "for", "while", "switch", "catch")
BARE_CONTROL = ("do", "try")  # `else` follows an `if` that was counted


@dataclasses.dataclass
class Function:
    name: str
    line: int  # where its head starts, from 1
    lines: int  # from the head to the closing brace; 0 for a declaration
    parameters: int
    nesting: int  # deepest control block; 0 = straight code
    nesting_line: int
    result: str = ""  # the text before its name
    parameter_text: str = ""  # the text between its parentheses


def blank(text: str, keep_comments: bool = False, keep_preprocessor: bool = False) -> str:
    """Replaces what is not code by spaces, so that positions and lines stay."""
    pattern = re.compile(
        r"(?P<comment>//[^\n]*|/\*.*?\*/)"
        r'|(?P<raw>R"(?P<mark>[^(\s]{0,16})\(.*?\)(?P=mark)")'
        r'|(?P<string>"(?:\\.|[^"\\\n])*")'
        r"|(?P<char>(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+')"
        r"|(?P<include>^[ \t]*\#(?:\\\n|[^\n/]|/(?![/*]))*)",
        re.DOTALL | re.MULTILINE,
    )

    def spaces(part: str) -> str:
        return re.sub(r"[^\n]", " ", part)

    def replace(match: re.Match) -> str:
        part = match.group(0)
        if match.group("comment"):
            return part if keep_comments else spaces(part)
        if match.group("include"):
            return part if keep_preprocessor else spaces(part)
        return part[0] + spaces(part[1:-1]) + part[-1]

    return pattern.sub(replace, text)


def match_forward(code: str, start: int) -> int:
    """The position of the bracket that closes the one at `start`; the end of the text if there is none."""
    pairs = {"{": "}", "(": ")", "[": "]"}
    opening, closing = code[start], pairs[code[start]]
    depth = 0
    for position in range(start, len(code)):
        if code[position] == opening:
            depth += 1
        elif code[position] == closing:
            depth -= 1
            if depth == 0:
                return position
    return len(code) - 1


def match_backward(code: str, end: int) -> int:
    """The position of the `(` that the `)` at `end` closes."""
    depth = 0
    for position in range(end, -1, -1):
        if code[position] == ")":
            depth += 1
        elif code[position] == "(":
            depth -= 1
            if depth == 0:
                return position
    return 0


def functions(text: str) -> list[Function]:
    """All functions of a file, declarations included, in order."""
    found: list[Function] = []
    scan_scope(blank(text), 0, found)
    return found


def scan_scope(code: str, start: int, found: list[Function]) -> int:
    """Reads one namespace or class body from `start`; returns the position after its closing brace."""
    head_start = position = start
    while position < len(code):
        character = code[position]
        if character in "([":
            position = match_forward(code, position)
        elif character == ";":
            add_declaration(code, head_start, position, found)
            head_start = position + 1
        elif character == "}":
            return position + 1
        elif character == ":" and re.search(r"\b(public|private|protected)\s*$", code[head_start:position]):
            head_start = position + 1
        elif character == "{":
            kind = classify(code[head_start:position])
            if kind == "scope":
                position = scan_scope(code, position + 1, found) - 1
                head_start = position + 1
            elif kind == "function" and is_initializer(code, head_start, position):
                position = match_forward(code, position)
            elif kind == "function":
                end = match_forward(code, position)
                add_definition(code, head_start, position, end, found)
                position = end
                head_start = position + 1
            else:
                position = match_forward(code, position)
        position += 1
    return position


def classify(head: str) -> str:
    """What a `{` opens after this head: "scope" (namespace, class), "function", or "value" (a braced initializer)."""
    head = without_prefix(head)
    if re.match(r"(inline\s+)?namespace\b|extern\s+\"", head):
        return "scope"
    if re.match(r"(typedef\s+)?(class|struct|union|enum)\b", head) and "=" not in head:
        return "scope"
    return "function" if parameter_list(head) else "value"


def without_prefix(head: str) -> str:
    """Drops attributes, `template <...>` and macros that stand before the declaration proper."""
    head = head.strip()
    while True:
        if head.startswith("[["):
            head = head[match_forward(head, 0) + 1 :].lstrip()
        elif re.match(r"template\s*<", head):
            head = head[end_of_angles(head, head.index("<")) + 1 :].lstrip()
        elif re.match(r"(friend|static|constexpr|export)\b", head):
            head = head.split(None, 1)[1] if " " in head or "\n" in head else ""
        elif macro := re.match(r"[A-Z][A-Z0-9_]+\s*\(", head):
            rest = head[match_forward(head, macro.end() - 1) + 1 :].lstrip()
            if not rest:
                return head
            head = rest
        else:
            return head


def end_of_angles(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        if text[position] == "<":
            depth += 1
        elif text[position] == ">" and text[position - 1] != "-":
            depth -= 1
            if depth == 0:
                return position
    return len(text) - 1


def parameter_list(head: str) -> tuple[str, str] | None:
    """The name of the function and the text between its parentheses, if this head is a function's."""
    head = re.sub(r"operator\s*\(\s*\)", "operator_call", head)
    head = re.sub(r"operator\s*[^\s\w(]+", "operator_", head)
    position = 0
    while position < len(head):
        character = head[position]
        if character == "<":
            position = end_of_angles(head, position)
        elif character == "=":
            return None
        elif character == "(":
            end = match_forward(head, position)
            name = re.search(r"([~\w]+(?:\s*::\s*[~\w]+)*)\s*$", head[:position])
            if name and name.group(1) not in (
                "decltype",
                "noexcept",
                "alignas",
                "requires",
                "explicit",
                "__attribute__",
            ):
                return (name.group(1), head[position + 1 : end]) if is_tail(head[end + 1 :]) else None
            position = end
        position += 1
    return None


def is_tail(tail: str) -> bool:
    """Whether this may stand between a parameter list and a body."""
    words = r"\s*((const|override|final|volatile|mutable|try|&&?|noexcept(\s*\(.*\))?)\s*)*"
    return re.fullmatch(words + r"(->.*|requires\b.*|:[^:].*|=.*)?", tail, re.DOTALL) is not None


def is_initializer(code: str, head_start: int, brace: int) -> bool:
    """Whether this brace belongs to a constructor's initializer list: then a comma or the body follows it."""
    if not re.search(r"\)[^()]*:", code[head_start:brace]):
        return False
    after = code[match_forward(code, brace) + 1 : brace + 4096].lstrip()
    return after[:1] in (",", "{")


def count_parameters(text: str) -> int:
    text = text.strip()
    if text in ("", "void"):
        return 0
    depth, count = 0, 1
    for position, character in enumerate(text):
        if character in "([{<":
            depth += 1
        elif character in ")]}" or (character == ">" and text[position - 1] not in "-="):
            depth -= 1
        elif character == "," and depth == 0:
            count += 1
    return count


def line_of(code: str, position: int) -> int:
    return code.count("\n", 0, position) + 1


def start_of(code: str, head_start: int) -> int:
    """The position of the first character of a head that is not white space."""
    return head_start + len(code[head_start:]) - len(code[head_start:].lstrip())


def add_declaration(code: str, head_start: int, end: int, found: list[Function]) -> None:
    head = without_prefix(code[head_start:end])
    if re.match(r"(using|typedef|return|static_assert)\b", head):
        return
    if named := parameter_list(head):
        line = line_of(code, start_of(code, head_start))
        found.append(
            Function(named[0], line, 0, count_parameters(named[1]), 0, line, result_of(head, named[0]), named[1])
        )


def add_definition(code: str, head_start: int, brace: int, end: int, found: list[Function]) -> None:
    head = without_prefix(code[head_start:brace])
    name, parameters = parameter_list(head) or ("?", "")
    line = line_of(code, start_of(code, head_start))
    nesting, deepest = deepest_block(code, brace, end)
    is_macro = re.fullmatch(r"[A-Z][A-Z0-9_]+", name) is not None
    count = 0 if is_macro else count_parameters(parameters)
    label = re.sub(r"\s+", " ", f"{name}({parameters.strip()})") if is_macro else name
    lines = line_of(code, end) - line + 1
    found.append(
        Function(label, line, lines, count, nesting, line_of(code, deepest), result_of(head, name), parameters)
    )


def result_of(head: str, name: str) -> str:
    return head.split(name)[0]


def deepest_block(code: str, start: int, end: int) -> tuple[int, int]:
    """How deep control blocks lie in one another inside a function body, and where the deepest opens."""
    depths = [0]
    deepest = (0, start)
    for position in range(start + 1, end):
        if code[position] == "{":
            depths.append(depths[-1] + controls_before(code, position))
            if depths[-1] > deepest[0]:
                deepest = (depths[-1], position)
        elif code[position] == "}":
            depths.pop()
    return deepest


def controls_before(code: str, brace: int) -> int:
    """The number of control statements that this brace is the block of: 2 for `for (...) if (...) {`."""
    count = 0
    position = brace
    while True:
        before = code[:position].rstrip()
        if before.endswith(")"):
            opening = match_backward(before, len(before) - 1)
            word = re.search(r"(\w+)(\s+constexpr)?\s*$", before[max(0, opening - 64) : opening])
            if not word or word.group(1) not in CONTROL:
                return count
            count += 1
            position = opening - len(word.group(0))
            position = skip_word(code, position, "else")
        else:
            word = re.search(r"(\w+)\s*$", before[-16:])
            if word and word.group(1) in BARE_CONTROL + ("else",):
                return count + 1
            return count


def skip_word(code: str, position: int, word: str) -> int:
    before = code[:position].rstrip()
    if before.endswith(word):
        return len(before) - len(word)
    return position
