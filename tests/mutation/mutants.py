# SPDX-License-Identifier: MIT
"""Makes mutants of the headers: small wrong changes that a test must notice.

A mutant is one edit of one expression or statement. Which edits are chosen depends on nothing but the text around
them (the key is a hash of it), so that a change elsewhere, or a header that moves, loses none. All mutants live in
one copy of the headers at once, `E` as `(on(ID) ? mutated E : E)`, and a run of a test chooses one by its number.
"""

import bisect
import hashlib
import re

TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<number>\.?\d(?:[eEpP][+-]|[\w.'])*)|(?P<name>[A-Za-z_]\w*)
    |(?P<op><<=|>>=|<=>|->\*|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|\*=|/=|%=|&=|\|=|\^=|.)""",
    re.X | re.S,
)

COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|"}
LOGICAL = {"&&": "||", "||": "&&"}
ASSIGNMENT = {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|=", "^=": "|="}
PRECEDENCE = {"*": 10, "/": 10, "%": 10, "+": 9, "-": 9, "<<": 8, ">>": 8, "<=>": 7, "<": 6, "<=": 6, ">": 6,
              ">=": 6, "==": 5, "!=": 5, "&": 4, "^": 3, "|": 2, "&&": 1, "||": 0}
NAMES = {}
for _one, _other in (("min", "max"), ("floor", "ceil"), ("sin", "cos"), ("first", "second"), ("front", "back"),
                     ("true", "false"), ("query", "key"), ("upper_bound", "lower_bound"), ("row", "column"),
                     ("rows", "columns"), ("native", "scaled"), ("all_of", "any_of"), ("query_heads", "key_heads"),
                     ("head_width", "rotated_width"), ("ascending", "descending"), ("forward", "adjoint"),
                     ("begin", "end"), ("head", "layer"), ("post_ntk", "post_rope")):
    NAMES[_one], NAMES[_other] = _other, _one
# Not expressions that are computed: declarations, checks of types, texts of errors.
DEAD = re.compile(r"\b(static_assert|requires|concept|using|typedef|template|operator|noexcept|alignas|sizeof|friend|case|enum|goto|asm)\b")


class Token:
    __slots__ = ("kind", "text", "start", "end", "spaced", "partner")

    def __init__(self, kind, text, start, spaced):
        self.kind, self.text, self.start, self.end = kind, text, start, start + len(text)
        self.spaced = spaced  # white space before it
        self.partner = None


def blanked(text):
    """The text with comments, strings and conditional code as blanks, line ends kept."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)
    lines, depth, joined = [], 0, False
    for line in text.split("\n"):
        directive = joined or line.lstrip().startswith("#")
        word = line.lstrip()[1:].lstrip() if line.lstrip().startswith("#") and not joined else ""
        if word.startswith("if"):
            depth += 1
        lines.append(" " * len(line) if directive or depth > 0 else line)
        if word.startswith("endif"):
            depth -= 1
        joined = directive and line.endswith("\\")
    return "\n".join(lines)


def tokens_of(text):
    tokens, spaced = [], False
    for match in TOKEN.finditer(text):
        if match.lastgroup == "space":
            spaced = True
            continue
        tokens.append(Token(match.lastgroup, match.group(), match.start(), spaced))
        spaced = False
    stack = []
    for at, token in enumerate(tokens):
        after = at + 1 < len(tokens) and tokens[at + 1].spaced
        if token.text in "([{":
            stack.append(at)
        elif token.text == "<" and not token.spaced and not after:
            stack.append(at)  # of a template
        elif token.text in ")]}":
            while stack and tokens[stack[-1]].text == "<":
                stack.pop()
            if stack:
                token.partner, tokens[stack[-1]].partner = stack[-1], at
                stack.pop()
        elif token.text in (">", ">>") and not token.spaced:
            for _ in token.text:
                if stack and tokens[stack[-1]].text == "<":
                    token.partner, tokens[stack[-1]].partner = stack[-1], at
                    stack.pop()
    return tokens


def function_ranges(tokens):
    """Ranges of tokens inside function bodies, and those of whole throw statements."""
    bodies, throws, depth_end = [], [], -1
    for at, token in enumerate(tokens):
        if token.text == "throw" or (token.text == "fail" and at + 1 < len(tokens) and tokens[at + 1].text == "("):
            stop = at
            while stop < len(tokens) and tokens[stop].text != ";":
                stop = tokens[stop].partner + 1 if tokens[stop].text in "({[" and tokens[stop].partner else stop + 1
            throws.append((at, stop))
        if token.text != "{" or token.partner is None or at <= depth_end:
            continue
        back = at - 1
        while back >= 0 and (tokens[back].text in ("const", "noexcept", "mutable", "override", "->", "::", "&", "*")
                             or tokens[back].kind == "name" or tokens[back].text in (">", "<")):
            if tokens[back].text in ("namespace", "struct", "class", "union", "enum", "=", "return"):
                break
            back = tokens[back].partner - 1 if tokens[back].text == ">" and tokens[back].partner else back - 1
        if back >= 0 and tokens[back].text == ")":
            bodies.append((at, token.partner))
            depth_end = token.partner
    return bodies, throws


class Header:
    """One header's text, its tokens, and what may be mutated in it."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.code = blanked(text)
        self.tokens = tokens_of(self.code)
        self.line_starts = [0] + [match.end() for match in re.finditer("\n", text)]
        self.bodies, self.throws = function_ranges(self.tokens)

    def line_number(self, offset):
        return bisect.bisect_right(self.line_starts, offset) - 1

    def lines(self, start, end):
        first, last = self.line_number(start), self.line_number(end - 1)
        stop = self.line_starts[last + 1] if last + 1 < len(self.line_starts) else len(self.text)
        return self.line_starts[first], stop

    def inside(self, at, ranges):
        return any(first <= at <= last for first, last in ranges)

    def in_brackets(self, at, kind):
        """Whether the nearest open bracket, or one outside it within the statement, is of this kind."""
        depth = 0
        for back in range(at - 1, max(at - 400, -1), -1):
            token = self.tokens[back]
            if token.text in (")", "]", "}") or (token.text in (">", ">>") and token.partner is not None):
                depth += 1
            elif token.text in ("(", "[", "{") or (token.text == "<" and token.partner is not None):
                if depth == 0:
                    if token.text == kind:
                        return True
                    if token.text == "{":
                        return False
                else:
                    depth -= 1
            elif token.text == ";" and depth == 0:
                return False
        return False

    def left(self, at, precedence):
        """First token of the left operand of the operator at `at`."""
        back = at - 1
        while back >= 0:
            token = self.tokens[back]
            if token.partner is not None and token.text in (")", "]", "}", ">"):
                back = token.partner - 1
                continue
            if token.text in ("(", "[", "{", ",", ";", "?", ":", "}", "return", "throw", "co_return", "else", "case"):
                break
            if token.kind == "op" and token.text in PRECEDENCE and token.spaced and self.after_spaced(back):
                if PRECEDENCE[token.text] < precedence:
                    break
            elif token.text in ("=", *ASSIGNMENT) or token.text == "%=":
                break
            back -= 1
        return back + 1

    def right(self, at, precedence):
        """One past the last token of the right operand; stops at operators that bind no tighter."""
        on = at + 1
        while on < len(self.tokens):
            token = self.tokens[on]
            if token.partner is not None and token.text in ("(", "[", "{", "<"):
                on = token.partner + 1
                continue
            if token.text in (")", "]", "}", ",", ";", "?", ":", "{") or token.text in ("=", *ASSIGNMENT):
                break
            if token.kind == "op" and token.text in PRECEDENCE and token.spaced and self.after_spaced(on):
                if PRECEDENCE[token.text] <= precedence:
                    break
            on += 1
        return on

    def after_spaced(self, at):
        return at + 1 < len(self.tokens) and self.tokens[at + 1].spaced

    def postfix_end(self, at):
        """One past a primary expression that begins at `at`, with its calls, indices and members."""
        tokens = self.tokens
        if at < len(tokens) and tokens[at].text == "(" and tokens[at].partner:
            at = tokens[at].partner + 1
        elif at < len(tokens) and (tokens[at].kind in ("name", "number") or tokens[at].text == "*"):
            at += 1
        else:
            return None
        while at < len(tokens):
            token = tokens[at]
            if token.text in ("(", "[", "<") and token.partner is not None and not token.spaced:
                at = token.partner + 1
            elif token.text in (".", "->", "::") and at + 1 < len(tokens):
                at += 2
            else:
                break
        return at

    def postfix_start(self, at):
        """First token of the primary expression whose last name is at `at`."""
        tokens = self.tokens
        while at > 0 and tokens[at - 1].text in (".", "->", "::") and not tokens[at].spaced:
            at -= 1
            back = at - 1
            if tokens[at].text == "::" and tokens[back].kind != "name" and tokens[back].text != ">":
                break
            while back > 0 and tokens[back].text in (")", "]", ">") and tokens[back].partner is not None:
                back = tokens[back].partner - 1
            if tokens[back].kind != "name":
                return None
            at = back
        return at


class Mutant:
    def __init__(self, header, start, end, replacement, kind, form):
        self.path, self.kind, self.form = header.path, kind, form
        self.start, self.end, self.replacement = start, end, replacement
        first, stop = header.lines(start, end)
        self.line = " ".join(header.text[first:stop].split())
        self.mutated = " ".join((header.text[first:start] + replacement + header.text[end:stop]).split())
        before = [part for part in header.text[:first].split("\n") if part.strip()][-1:]
        after = [part for part in header.text[stop:].split("\n") if part.strip()][:1]
        context = "\n".join(" ".join(part.split()) for part in (*before, self.line, self.mutated, *after))
        self.key = hashlib.sha256(context.encode()).hexdigest()[:12]


def candidates(header):
    """All mutants of a header that can be chosen at run time."""
    tokens, found = header.tokens, []

    def source(first, last):  # tokens [first, last)
        return header.text[tokens[first].start:tokens[last - 1].end]

    def add(first, last, replacement, kind, form="expression"):
        if first is None or last is None or last <= first:
            return
        start, end = tokens[first].start, tokens[last - 1].end
        if header.text[start:end] != replacement:
            found.append(Mutant(header, start, end, replacement, kind, form))

    def binary(at, to, kind):
        precedence = PRECEDENCE[tokens[at].text]
        first, last = header.left(at, precedence), header.right(at, precedence)
        if first >= at or last <= at + 1:
            return
        before, after = source(first, at), source(at + 1, last)
        if re.search(r"\b(const|auto|constexpr)\b", before):
            return
        add(first, last, f"{before} {to} {after}", kind)

    for at, token in enumerate(tokens):
        if not header.inside(at, header.bodies) or header.inside(at, header.throws):
            continue
        line_start, line_stop = header.lines(token.start, token.end)
        line = header.code[line_start:line_stop]
        if DEAD.search(line) or "constexpr" in line or header.in_brackets(at, "<"):
            continue
        spaced = token.spaced and header.after_spaced(at)
        if token.kind == "op" and spaced and token.text in COMPARISON:
            binary(at, COMPARISON[token.text], "boundary")
        elif token.kind == "op" and spaced and token.text in ARITHMETIC:
            binary(at, ARITHMETIC[token.text], "operator")
        elif token.kind == "op" and spaced and token.text in LOGICAL:
            binary(at, LOGICAL[token.text], "logic")
        elif token.kind == "op" and token.text in ASSIGNMENT:
            first, last = header.left(at, -1), header.right(at, -1)
            add(first, last, f"{source(first, at)} {ASSIGNMENT[token.text]} {source(at + 1, last)}", "operator")
        elif token.kind == "op" and token.text in ("!", "-") and not header.after_spaced(at):
            unary = tokens[at - 1].text in ("(", ",", "=", "return", "?", ":", "&&", "||", "[", "{", "<", ">", "<=", ">=",
                                            "*", "+", "/")
            last = header.postfix_end(at + 1) if unary else None
            if last is not None and at + 1 < last:
                add(at, last, source(at + 1, last), "sign" if token.text == "-" else "polarity")
        elif token.text == "if" and tokens[at + 1].text == "(":
            close = tokens[at + 1].partner
            condition = source(at + 2, close)
            if ";" in condition or re.search(r"\bauto\b", condition):
                continue
            if _is_failure(tokens, close + 1) or (tokens[close + 1].text == "{" and _is_failure(tokens, close + 2)):
                add(at + 2, close, "false", "removed check")
            else:
                add(at + 2, close, f"!({condition})", "polarity")
        elif token.kind == "number":
            literal = token.text
            if re.fullmatch(r"\d+[uUlL]*", literal):
                digits = re.match(r"\d+", literal).group()
                # An index goes down where it can: beyond the end, a compiler may take it that it never happens.
                index = tokens[at - 1].text == "[" and tokens[at + 1].text == "]" and int(digits) > 0
                add(at, at + 1, str(int(digits) + (-1 if index else 1)) + literal[len(digits):], "constant")
            elif re.fullmatch(r"\d*\.\d+(e[+-]?\d+)?f?|\d+\.?\d*e[+-]?\d+f?", literal):
                value = float(literal.rstrip("f")) * 2 or 1.0
                add(at, at + 1, repr(value) + ("f" if literal.endswith("f") else ""), "constant")
        elif token.text == "[" and token.partner and not token.spaced and (
                tokens[at - 1].kind == "name" or tokens[at - 1].text in (")", "]")):
            if tokens[at + 1].text != "]" and source(at + 1, token.partner) != "0":
                add(at + 1, token.partner, "0", "index")
        elif token.kind == "name" and token.text in NAMES and tokens[at - 1].text in (".", "->", "::"):
            first = header.postfix_start(at)
            last = header.postfix_end(at) if first is not None else None
            if last is not None:
                add(first, last, source(first, at) + NAMES[token.text] + header.text[token.end:tokens[last - 1].end],
                    "other name")
        elif token.kind == "name" and at + 1 < len(tokens) and tokens[at + 1].text == "(" and not tokens[at + 1].spaced:
            close = tokens[at + 1].partner
            if close is None or tokens[at - 1].kind == "name" or tokens[at - 1].text in (">", "*", "&"):
                swappable = False
            else:
                swappable = token.text not in ("min", "max", "hypot", "if", "for", "while", "text", "Error", "switch")
            if swappable:
                parts, begin, on = [], at + 2, at + 2
                while on < close:
                    if tokens[on].text == ",":
                        parts.append((begin, on))
                        begin = on + 1
                    on = tokens[on].partner + 1 if tokens[on].text in "([{<" and tokens[on].partner else on + 1
                parts.append((begin, close))
                if len(parts) in (2, 3) and all(first < last for first, last in parts):
                    arguments = [source(first, last) for first, last in parts]
                    if arguments[-1] != arguments[-2] and "[" not in arguments[0]:
                        arguments[-1], arguments[-2] = arguments[-2], arguments[-1]
                        first = header.postfix_start(at)
                        if first is not None:
                            add(first, close + 1, source(first, at + 2) + ", ".join(arguments) + ")", "swapped arguments")
        # A statement that is a call or an assignment.
        if tokens[at - 1].text in (";", "{", "}", ")") and (token.kind == "name" or token.text in ("++", "--")):
            if tokens[at - 1].text == ")" and not _is_controlled(tokens, at - 1):
                continue
            stop = at
            while stop < len(tokens) and tokens[stop].text not in (";", "{", "}"):
                stop = tokens[stop].partner + 1 if tokens[stop].text in "([{" and tokens[stop].partner else stop + 1
            if stop < len(tokens) and tokens[stop].text == ";" and _is_plain_statement(tokens, at, stop):
                add(at, stop + 1, ";", "removed statement", "statement")
    return found


def _is_failure(tokens, at):
    while tokens[at].text in ("detail", "dope", "::"):
        at += 1
    return tokens[at].text in ("throw", "fail")


def _is_controlled(tokens, close):
    open_ = tokens[close].partner
    return open_ is not None and tokens[open_ - 1].text in ("if", "for", "while")


def _is_plain_statement(tokens, first, stop):
    if tokens[first].text in ("return", "if", "for", "while", "switch", "throw", "const", "auto", "using", "break",
                              "continue", "else", "do", "case", "default", "static", "constexpr", "typename", "static_cast"):
        return False
    if tokens[first].text in ("++", "--"):
        return True
    at = first + 1
    while at < stop:
        token = tokens[at]
        if token.kind == "name" and tokens[at - 1].text not in (".", "->", "::"):
            return False  # TYPE name
        if token.text in ("&", "*", "{", "&&"):
            return False
        if token.text in ("=", *ASSIGNMENT, "++", "--"):
            return True
        if token.text in ("(", "[", "<"):
            if token.partner is None:
                return False
            at = token.partner
            if at + 1 == stop and tokens[at].text == ")":
                return True
        at += 1
    return False


def chosen(headers, total):
    """About `total` mutants, to each header by its lines of code, no two of a header in one place."""
    weight = {header.path: sum(1 for line in header.code.split("\n") if line.strip()) for header in headers}
    whole = sum(weight.values())
    mutants = []
    for header in headers:
        most = max(2, round(total * weight[header.path] / whole))
        taken, kinds, keys = [], {}, set()
        pool = sorted(candidates(header), key=lambda mutant: mutant.key)
        # Of each kind in turn, so that rare kinds are among them.
        ranked = []
        for mutant in pool:
            rank = kinds[mutant.kind] = kinds.get(mutant.kind, 0) + 1
            ranked.append((rank, mutant.key, mutant))
        for _, key, mutant in sorted(ranked, key=lambda entry: entry[:2]):
            if len(taken) == most:
                break
            if key in keys or any(mutant.start < other.end and other.start < mutant.end for other in taken):
                continue
            keys.add(key)
            taken.append(mutant)
        mutants += sorted(taken, key=lambda mutant: mutant.start)
    return mutants


def with_mutants(text, numbered):
    """The header's text with all of these mutants, (number, mutant), asleep in it."""
    for number, mutant in sorted(numbered, key=lambda entry: -entry[1].start):
        original = text[mutant.start:mutant.end]
        if mutant.form == "statement":
            new = f"{{ if (!::dope_mutation::on({number})) {{ {original} }} }}"
        else:
            replacement = mutant.replacement
            if mutant.kind == "polarity" and re.fullmatch(r"[\w.]+", replacement):
                replacement = f"!!{replacement}"  # of a type that converts to bool: both sides are bool
            new = f"(::dope_mutation::on({number}) ? ({replacement}) : ({original}))"
        text = text[:mutant.start] + new + text[mutant.end:]
    return text
