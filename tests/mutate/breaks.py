"""The ways to break a line: for a node of the syntax tree, what may stand in its place."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
CALLED = {
    "plus": "minus", "minus": "plus", "add": "subtract", "subtract": "add", "min": "max", "max": "min",
    "floor_to": "ceil_to", "ceil_to": "floor_to", "all": "any", "any": "all",
}  # fmt: skip
UNWRAPPED = {"copy_abs", "copy_negate"}  # x.copy_abs() becomes x
NAMED = {"bid": "ask", "ask": "bid"}
ROUNDED = {"ROUND_FLOOR": "ROUND_CEILING", "ROUND_CEILING": "ROUND_FLOOR", "ROUND_HALF_EVEN": "ROUND_FLOOR"}
SUMMED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip


def broken(node: ast.AST) -> Iterator[ast.expr]:
    """Every expression that may stand in the place of this one."""
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
            yield ast.BoolOp(op=other, values=node.values)
            for index in range(len(node.values)):
                rest = [*node.values[:index], *node.values[index + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in SUMMED:
            yield ast.BinOp(left=node.left, op=SUMMED[type(node.op)](), right=node.right)
        case ast.Constant():
            yield from _constants(node)
        case ast.Call():
            yield from _called(node)
        case ast.Attribute(ctx=ast.Load()) if node.attr in NAMED:
            yield ast.Attribute(value=node.value, attr=NAMED[node.attr], ctx=ast.Load())
        case ast.Tuple(ctx=ast.Load()) | ast.Set() if len(node.elts) > 2 or isinstance(node, ast.Set):
            yield from _listed(node)


def _compared(node: ast.Compare) -> Iterator[ast.expr]:
    for index, op in enumerate(node.ops):
        for other in COMPARED[type(op)]:
            ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            yield ast.Compare(left=node.left, ops=ops, comparators=node.comparators)
    left, right = node.left, node.comparators[-1]
    if len(node.ops) == 1 and isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple):
        for index in range(len(left.elts)):
            sides = [
                ast.Tuple(elts=[*side.elts[:index], *side.elts[index + 1 :]], ctx=ast.Load())
                for side in (left, right)
            ]
            yield ast.Compare(left=sides[0], ops=node.ops, comparators=[sides[1]])


def _constants(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int):
        yield from (ast.Constant(value=value + step) for step in (1, -1))
    elif isinstance(value, str) and value in ROUNDED:
        yield ast.Constant(value=ROUNDED[value])


def _called(node: ast.Call) -> Iterator[ast.expr]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in UNWRAPPED and isinstance(function, ast.Attribute):
        yield function.value
    if name in CALLED and isinstance(function, ast.Attribute):
        swapped: ast.expr = ast.Attribute(value=function.value, attr=CALLED[name], ctx=ast.Load())
        yield ast.Call(func=swapped, args=node.args, keywords=node.keywords)
    elif name in CALLED:
        swapped = ast.Name(id=CALLED[name], ctx=ast.Load())
        yield ast.Call(func=swapped, args=node.args, keywords=node.keywords)
    if name == "Decimal" and node.args and isinstance(node.args[0], ast.Constant):
        yield from _decimals(node, node.args[0].value)
    if name in ("Refusal", "Escalation", "Violation"):
        for index, each in enumerate(node.keywords):
            if each.arg in ("facts", "measured", "limit"):
                rest = [*node.keywords[:index], *node.keywords[index + 1 :]]
                yield ast.Call(func=function, args=node.args, keywords=rest)


def _decimals(node: ast.Call, value: object) -> Iterator[ast.expr]:
    if not isinstance(value, str):
        return  # an int inside is a constant of its own
    try:
        figure = Decimal(value)
    except InvalidOperation:
        return
    last = Decimal(1).scaleb(int(figure.as_tuple().exponent))
    for other in (figure + last, figure - last):
        yield ast.Call(func=node.func, args=[ast.Constant(value=str(other))], keywords=[])


def _listed(node: ast.Tuple | ast.Set) -> Iterator[ast.expr]:
    def of(elements: list[ast.expr]) -> ast.expr:
        if isinstance(node, ast.Tuple):
            return ast.Tuple(elts=elements, ctx=ast.Load())
        empty = ast.Call(func=ast.Name(id="set", ctx=ast.Load()), args=[], keywords=[])
        return ast.Set(elts=elements) if elements else empty

    elements = node.elts
    for index in range(len(elements)):
        yield of([*elements[:index], *elements[index + 1 :]])
    # Order is law only where answers or gates stand in one: elsewhere a tuple is a set in other words.
    ordered = isinstance(node, ast.Tuple) and any(
        isinstance(each, ast.Tuple) or "Reason." in ast.unparse(each) for each in elements
    )
    for index in range(len(elements) - 1 if ordered else 0):
        yield of([*elements[:index], elements[index + 1], elements[index], *elements[index + 2 :]])


def emptied(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """What a function may do instead of its work: say nothing, or always the same."""
    said = "" if function.returns is None else ast.unparse(function.returns)
    if said == "bool":
        yield from (ast.Return(value=ast.Constant(value=value)) for value in (True, False))
    elif said.endswith("| None") or said in ("Answer", "None") or said.startswith("Iterator"):
        yield ast.Return(value=None)


def returned(function: ast.FunctionDef | None, node: ast.Return) -> Iterator[ast.expr]:
    """A refusal that is not given."""
    said = "" if function is None or function.returns is None else ast.unparse(function.returns)
    given = node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)
    if given and (said.endswith("| None") or said == "Answer"):
        yield ast.Constant(value=None)


def droppable(node: ast.stmt) -> bool:
    """Whether a statement changes something and can be left out without leaving a name unbound."""
    if isinstance(node, ast.Delete):
        return True
    if isinstance(node, ast.Expr):
        never = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "assert_never"
        return not isinstance(node.value, ast.Constant) and not never
    if isinstance(node, ast.AugAssign):
        return True
    return isinstance(node, ast.Assign) and all(not isinstance(each, ast.Name) for each in node.targets)


def plain(node: ast.AST) -> ast.AST:
    """A copy that shares nothing."""
    return copy.deepcopy(node)
