"""Changed versions of a piece of code: in each of them one operator, name, number or axis is
another, something is left out, or all places that are equal are changed in the same way.

Most mistakes of students give the same results as the plain solution with one such change, however
differently they are written.
"""

import ast
import re
from collections import defaultdict
from contextlib import contextmanager, suppress
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations

from nn_scratch.exercises.workspace import items, solution_of

TOKENS = re.compile(r"\w[\w.]*|'.*?'|\*\*|//|[-+*/@<>=!]=|\S")
SHORT = 9  # tokens of a line that a hint may show; more would be nearly all of it
FEW = 12  # up to so many names, each may replace any other; else only names in the same line
OPERATORS = {ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Div),
             ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult,),
             ast.FloorDiv: (ast.Mod,), ast.Mod: (ast.FloorDiv,),
             ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,)}  # fmt: skip
COMPARISONS = {ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt),
               ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,)}  # fmt: skip
RELATED = [{"sum", "mean", "max", "min", "prod"}, {"std", "var"}, {"maximum", "minimum"},
           {"exp", "exp2"}, {"log", "log2", "log10"}, {"abs", "sign", "square"},
           {"argmax", "argmin"}, {"repeat", "tile"}, {"zeros", "ones"}]  # fmt: skip
AXES = [axes for k in (1, 2, 3, 4) for axes in combinations(range(4), k)]


def others(node, names):
    """Expressions that may replace an expression by mistake, the most likely first."""
    match node:
        case ast.BinOp(left, op, right):
            first, *more = (ast.BinOp(left, o(), right) for o in OPERATORS[type(op)])
            yield from (first, left, right, ast.BinOp(right, op, left), *more)
        case ast.UnaryOp(ast.USub(), operand) | ast.Attribute(operand, "T"):
            yield operand
        case ast.Subscript(operand, ast.Slice() | ast.Tuple(), ast.Load()):
            yield operand
        case ast.Compare(left, [op], [right]):
            yield from (ast.Compare(left, [o()], [right]) for o in COMPARISONS[type(op)])
        case ast.Name(name, ast.Load()) if name in names:
            yield from (ast.Name(other, ast.Load()) for other in sorted(names - {name}))
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            likely = 0, 1, 2, -number, number + 1, number - 1, number * 10, number / 10, number / 2
            yield from (ast.Constant(other) for other in dict.fromkeys(likely) if other != number)
        case ast.Tuple([ast.Constant(int()), *_]):
            yield from map(ast.Constant, AXES)
        case ast.Slice(lower, upper, step) if step:
            yield ast.Slice(lower, upper)
        case ast.Call():
            yield from other_calls(node)


def other_calls(call):
    """Expressions that may replace a call: its argument, the call without an option, a call of a
    related function, or with its arguments exchanged."""
    function, given, named = call.func, call.args, call.keywords
    method = isinstance(function, ast.Attribute) and ast.unparse(function.value) != "np"
    yield from [function.value] if method else given[:3]  # x in place of x.sum()
    yield from (ast.Call(function, given, [k for k in named if k is not out]) for out in named)
    if isinstance(function, ast.Attribute):
        alike = set().union(*(group for group in RELATED if function.attr in group))
        for other in sorted(alike - {function.attr}):
            yield ast.Call(ast.Attribute(function.value, other, ast.Load()), given, named)
    if len(given) == 2:
        yield ast.Call(function, given[::-1], named)
    if ast.unparse(function) == "range":
        less = ast.BinOp(given[-1], ast.Sub(), ast.Constant(1))
        yield from (ast.Call(function, a, []) for a in ([less], [ast.Constant(1), given[-1]]))


def places(node):
    """(container, key, expression) for all expressions of a statement, but not for those of the
    statements in its body."""
    for field, value in ast.iter_fields(node):
        container = value if isinstance(value, list) else vars(node)
        for key in range(len(value)) if isinstance(value, list) else (field,):
            child = container[key]
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt):
                yield container, key, child
                yield from places(child)


def changed(tree):
    """Change a tree in all ways, one after another, the most likely first. For each change, yield
    its description while the tree is changed."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not _is_read(n)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    bodies = [n.body for n in ast.walk(tree) if isinstance(getattr(n, "body", None), list)]
    code = [one for body in bodies for one in body if not _is_docstring(one)]
    lines = [(statement, list(places(statement))) for statement in code]
    for body in bodies:
        yield from left_out(body)
    equal = defaultdict(list)
    for statement, found in lines:
        near = names if len(names) <= FEW else names & _names(statement)
        for spot in found:
            equal[ast.dump(spot[2])].append(spot)
            for other in others(spot[2], near):
                with put(other, [spot]):
                    yield f"with the line\n`{line(statement)}`"
    for spots in equal.values():
        node = spots[0][2]
        for other in others(node, names if len(names) <= FEW else ()) if len(spots) > 1 else ():
            words = f"with `{line(other)}` in place of every `{line(node)}`"
            with put(other, spots):
                yield words
    for statement, found in lines:
        yield from exchanged(statement, [node for *_, node in found])
        for spot in found:
            for other in around(spot[2]) if spot[:2] == (vars(statement), "value") else ():
                with put(other, [spot]):
                    yield f"with the line\n`{line(statement)}`"


def left_out(body):
    """Change lines that add into lines that assign, and leave out lines."""
    for k, statement in enumerate(body):
        if isinstance(statement, ast.AugAssign):
            body[k] = ast.Assign([statement.target], statement.value)
            yield f"with the line\n`{line(body[k])}`"
        if not isinstance(statement, ast.FunctionDef | ast.Return | ast.Import):
            body[k] = ast.Pass()
            yield f"without the line\n`{line(statement)}`"
        body[k] = statement


def exchanged(statement, nodes):
    """Exchange two names in a line."""
    read = [n for n in nodes if isinstance(n, ast.Name) and _is_read(n) and n.id != "np"]
    for one, other in combinations(sorted({n.id for n in read}), 2):
        swap = {one: other, other: one}
        for words in ("with the line\n`{}`", None):
            for node in read:
                node.id = swap.get(node.id, node.id)
            if words:
                yield words.format(line(statement))


def around(value):
    """Expressions around the value of a line that may be there by mistake."""
    one, two, half = map(ast.Constant, (1, 2, 0.5))
    yield from (ast.BinOp(one, ast.Sub(), value), ast.BinOp(one, ast.Div(), value))
    yield from (ast.BinOp(value, ast.Pow(), power) for power in (two, half))
    yield from (ast.UnaryOp(ast.USub(), value), ast.Call(ast.Name("abs", ast.Load()), [value], []))


@contextmanager
def put(other, spots):
    """A context in which an expression stands in place of others."""
    for container, key, _ in spots:
        container[key] = other
    yield
    for container, key, node in spots:
        container[key] = node


def _is_read(name):
    return isinstance(name.ctx, ast.Load)


def _is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _names(tree):
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def line(statement):
    """The first line of a statement, without "np."."""
    return ast.unparse(ast.fix_missing_locations(statement)).split("\n")[0].replace("np.", "")


@cache
def solution(name):
    """The source text of the plain solution of an exercise, with the helpers that it needs."""
    item = next(item for item in items() if name in item.functions)
    return reached(solution_of(item).read_text(encoding="utf-8"), name)


def reached(source, name):
    """A source text without the functions that the function `name` does not need."""
    parts, used = ast.parse(source).body, {name}
    for part in parts * len(parts):  # repeated, since a helper may have helpers
        used |= _names(part) if getattr(part, "name", None) in used else set()
    kept = [p for p in parts if not isinstance(p, ast.FunctionDef) or p.name in used]
    return "\n".join(ast.get_source_segment(source, part) for part in kept)


def versions(source, helpers=()):
    """A dict from the description of each change of a source text to the changed code, in parts
    that are to be executed in order. The functions named in `helpers` are not changed."""
    trees = [ast.Module([part], []) for part in ast.parse(source).body]
    codes, found = [_compiled(tree) for tree in trees], {}
    for k, tree in enumerate(trees):
        if getattr(tree.body[0], "name", None) not in helpers:
            for words in changed(tree):
                with suppress(SyntaxError, ValueError):
                    found.setdefault(words, [*codes[:k], _compiled(tree), *codes[k + 1 :]])
    return found


def with_other_lines(source, slip):
    """(description, source text) after the replacements in `slip`, "old => new; old => new"."""
    changed = source
    for change in slip.split("; "):
        changed = changed.replace(*change.split(" => "))
    shown = dict.fromkeys(n for n in changed.splitlines() if n not in source.splitlines())
    words = "\n".join(f"`{text.strip().replace('np.', '')}`" for text in shown)
    return f"with the line{'s' if len(shown) > 1 else ''}\n{words}", changed


def lines_of(source):
    """The lines of a source text, in the form that descriptions of changes have."""
    statements = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.stmt))
    return [line(statement) for statement in statements]


def hinted(words, plain):
    """The description of a change without the lines of the plain solution, which must not be given
    away. It shows the new code, and the code that it replaces if that is a single token."""
    if words.startswith("without"):
        return "without one of its lines"
    if " in place of every " in words:
        here, there = re.findall("`(.+?)`", words)
        return f"with {_instead(here, _tokens(there))}, wherever that stands"
    hints = [_hint(new, plain) for new in re.findall("`(.+)`", words)]
    return f"with {' and '.join(dict.fromkeys(hints))}"


def _hint(new, plain):
    """The difference between a line and the most similar line of the plain solution."""
    matches = [SequenceMatcher(None, _tokens(old), _tokens(new), autojunk=False) for old in plain]
    match = max(matches, key=SequenceMatcher.ratio)
    parts = [part for part in match.get_opcodes() if part[0] != "equal"]
    if not parts:  # the same line is elsewhere in the solution
        return "another of its lines in one place"
    (_, first, _, begin, _), (_, _, last, _, end) = parts[0], parts[-1]
    spans = [found.span() for found in TOKENS.finditer(new)][begin:end]
    here = new[spans[0][0] : spans[-1][1]] if spans else ""
    return _instead(here, match.a[first:last])


def _instead(here, old):
    """A description of new code in place of old tokens, which are shown only if there is one."""
    if not here:
        return f"no `{old[0]}`" if len(old) == 1 else "something left out"
    here = f"`{here}`" if len(_tokens(here)) <= SHORT else "something else"
    if not old:
        return f"{here} added"
    return f"{here} in place of `{old[0]}`" if len(old) == 1 else f"{here} in one place"


def _tokens(text):
    """The names, numbers and signs of a line of code."""
    return TOKENS.findall(text)


def _compiled(tree):
    return compile(ast.fix_missing_locations(tree), "<changed>", "exec")
