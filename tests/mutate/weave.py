"""Weaves every mutant of a file into it, each behind a switch, so that one process holds them all.

A place becomes ``broken if on(number) else whole``. Constants of a module are made once, when it is loaded,
so their mutants are made by making the module's constants anew (`remade`).
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.mutate import switch
from tests.mutate.breaks import broken, droppable, emptied, plain, returned

ROOT = Path(__file__).resolve().parent.parent.parent
SWITCH = "_mutant_is_on"
WIDTH = 100
OURS = ("kernel", "rules", "tests", "ledger", "topologies", "agents", "interlock", "test_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One place broken one way. key: stable while the line's text is. tree: of a module constant's."""

    number: int
    file: str
    line: int
    where: str
    before: str
    after: str
    ordinal: int
    names: tuple[str, ...] = ()
    tree: ast.Module | None = field(default=None, repr=False, compare=False)

    @property
    def key(self) -> str:
        again = f" #{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.file} {self.where}: {self.before} -> {self.after}{again}"


@dataclass(slots=True)
class Woven:
    """All mutants, and which function (by a negative number) reads which names."""

    mutants: list[Mutant] = field(default_factory=list)
    readers: dict[str, set[int]] = field(default_factory=dict)
    functions: int = 0
    ordinals: Counter[tuple[str, ...]] = field(default_factory=Counter)


class Weaver(ast.NodeTransformer):
    """Weaves one file."""

    def __init__(self, file: str, tree: ast.Module, woven: Woven) -> None:
        self.file, self.tree, self.woven = file, tree, woven
        self.functions: list[ast.FunctionDef] = []
        self.names: list[str] = []
        self.constant: tuple[str, ...] = ()

    def add(self, node: ast.AST, before: str, after: str, tree: ast.Module | None = None) -> int:
        place = (self.file, ".".join(self.names) or "module", before, after)
        self.woven.ordinals[place] += 1
        found = Mutant(
            number=len(self.woven.mutants) + 1,
            file=self.file,
            line=getattr(node, "lineno", 0),
            where=place[1],
            before=before,
            after=after,
            ordinal=self.woven.ordinals[place],
            names=self.constant,
            tree=tree,
        )
        self.woven.mutants.append(found)
        return found.number

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, ast.expr):
            return super().visit(node)
        others = [plain(each) for each in broken(node)]
        if self.constant:
            for other in others:
                self.add(node, text(node), text(other), self._swapped(node, other))
            return super().visit(node)
        before = text(node)
        numbers = [self.add(node, before, text(other)) for other in others]
        whole = super().visit(node)
        for number, other in zip(reversed(numbers), reversed(others), strict=True):
            whole = chosen(number, other, whole)
        return whole

    def _swapped(self, node: ast.AST, other: ast.AST) -> ast.Module:
        """The module with one expression replaced."""
        tree = plain(self.tree)
        place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0), type(node), ast.dump(node))
        Replacer(place, other).visit(tree)
        assert isinstance(tree, ast.Module)
        return ast.fix_missing_locations(tree)

    def visit_Module(self, node: ast.Module) -> Any:
        for index, each in enumerate(node.body):
            if isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None:
                targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                self.constant = tuple(found.id for found in targets if isinstance(found, ast.Name))
                self.names = list(self.constant)
                if not ast.unparse(each).startswith("Answer ="):
                    self.visit(each.value)
                self.constant, self.names = (), []
            elif isinstance(each, ast.FunctionDef | ast.ClassDef):
                node.body[index] = self.visit(each)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.names.append(node.name)
        node.body = [self.visit(each) if isinstance(each, ast.FunctionDef) else each for each in node.body]
        self.names.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.names.append(node.name)
        self.functions.append(node)
        self.woven.functions += 1
        mine = -self.woven.functions
        for each in ast.walk(node):
            if isinstance(each, ast.Name):
                self.woven.readers.setdefault(each.id, set()).add(mine)
        documented = ast.get_docstring(node) is not None
        head, rest = node.body[: int(documented)], node.body[int(documented) :]
        first = [ast.If(test=asked(self.add(node, "the whole function", text(each))), body=[each], orelse=[])
                 for each in emptied(node)]  # fmt: skip
        body: list[ast.stmt] = []
        for each in rest:
            body += self._statement(each)
        node.body = [*head, ast.Expr(value=asked(mine)), *first, *body]
        self.functions.pop()
        self.names.pop()
        return node

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        number = self.add(node, text(node), "left out") if droppable(node) else 0
        found = self.visit(node)
        if not number:
            return [found]
        return [ast.If(test=ast.UnaryOp(op=ast.Not(), operand=asked(number)), body=[found], orelse=[])]

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [made for each in body for made in self._statement(each)]

    def visit_If(self, node: ast.If) -> Any:
        plainly = not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp)
        number = self.add(node.test, f"if {text(node.test)}", "if not") if plainly else 0
        turned = ast.UnaryOp(op=ast.Not(), operand=plain(node.test)) if plainly else None
        node.test = self.visit(node.test)
        if turned is not None:
            node.test = chosen(number, turned, node.test)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_For(self, node: ast.For) -> Any:
        node.iter = self.visit(node.iter)
        node.body = self._block(node.body)
        return node

    def visit_match_case(self, node: ast.match_case) -> Any:
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = self._block(node.body)
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        others = [
            (self.add(node, text(node), "return None"), each) for each in returned(self.functions[-1], node)
        ]
        if node.value is not None:
            node.value = self.visit(node.value)
            for number, other in others:
                node.value = chosen(number, other, node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        return node  # what it says is for the reader and for the types

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return node

    def visit_Raise(self, node: ast.Raise) -> Any:
        return node


class Replacer(ast.NodeTransformer):
    """Puts another expression in one place."""

    def __init__(self, place: tuple[Any, ...], other: ast.AST) -> None:
        self.place, self.other = place, other

    def visit(self, node: ast.AST) -> Any:
        place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0), type(node))
        if place == self.place[:3] and ast.dump(node) == self.place[3]:
            return self.other
        return super().visit(node)


def asked(number: int) -> ast.expr:
    """The question whether a mutant is in force."""
    return ast.Call(func=ast.Name(id=SWITCH, ctx=ast.Load()), args=[ast.Constant(value=number)], keywords=[])


def chosen(number: int, other: ast.AST, whole: ast.expr) -> ast.expr:
    """The broken expression while its mutant is in force, else the whole one."""
    assert isinstance(other, ast.expr)
    return ast.IfExp(test=asked(number), body=other, orelse=whole)


def text(node: ast.AST) -> str:
    """A node in one short line."""
    line = " ".join(ast.unparse(node).split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def woven_file(file: str, woven: Woven) -> ast.Module:
    """The tree of a file with its mutants woven in; they are added to ``woven``."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    made = Weaver(file, plain(tree), woven).visit(tree)  # type: ignore[arg-type]  # a copy of its kind
    assert isinstance(made, ast.Module)
    return ast.fix_missing_locations(made)


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a file with its mutants woven in; never from a cache of bytecode."""

    woven: Woven

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        made = woven_file(Path(path).relative_to(ROOT).as_posix(), self.woven)
        code: CodeType = compile(made, path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[SWITCH] = switch.on
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the files whose mutants are wanted."""

    def __init__(self, files: Sequence[str], woven: Woven) -> None:
        self.files, self.woven = set(files), woven

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        base = name.replace(".", "/")
        for file in (f"{base}.py", f"{base}/__init__.py"):
            if file in self.files:
                found = str(ROOT / file)
                loader = Loader(name, found)
                loader.woven = self.woven
                within = [str((ROOT / file).parent)] if file.endswith("__init__.py") else None
                return importlib.util.spec_from_file_location(
                    name, found, loader=loader, submodule_search_locations=within
                )
        return None


def remade(mutant: Mutant) -> bool:
    """Make a module's constants anew with one of them broken, wherever they were imported; False if alike."""
    assert mutant.tree is not None
    name = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    old = vars(sys.modules[name])
    new: dict[str, Any] = {"__name__": name, "__file__": str(ROOT / mutant.file), SWITCH: switch.on}
    exec(compile(mutant.tree, mutant.file, "exec", dont_inherit=True), new)
    constants = [
        each.id
        for stmt in mutant.tree.body
        if isinstance(stmt, ast.Assign | ast.AnnAssign)
        for each in (stmt.targets if isinstance(stmt, ast.Assign) else [stmt.target])
        if isinstance(each, ast.Name) and each.id in new
    ]
    changed = False
    for each in constants:
        before = old[each]
        if isinstance(before, type) or before == new[each] or not _comparable(before):
            continue
        changed = True
        for module in list(sys.modules.values()):
            if module is not None and module.__name__.startswith(OURS) and vars(module).get(each) is before:
                vars(module)[each] = new[each]
    return changed


def _comparable(value: object) -> bool:
    return not (hasattr(value, "pattern") or type(value).__name__ == "Context")
