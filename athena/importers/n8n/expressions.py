"""n8n's expressions, JavaScript between two pairs of braces, as texts with expressions of ours. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from athena.importers.n8n import javascript as js
from athena.importers.n8n import methods
from athena.importers.n8n.javascript import Tree
from athena.importers.n8n.terms import Known, Scope, Term, chosen, constants, element, literal, member
from athena.importers.texts import Cel, Part, Untranslatable, plain, quoted, written

OVER_LISTS: Final = {"map": "map", "filter": "filter", "some": "exists", "every": "all"}
COMPARED: Final = {"===": "==", "!==": "!="}
LOOSE: Final = "Missing fields, and values that JavaScript counts as false, are not all treated alike here."
ADDED: Final = "+ adds numbers to numbers, and texts to texts, but does not turn one into the other here."
STARTED: Final = "$now is the moment at which the execution began."


@dataclass(slots=True)
class Translated:
    """A text, what differs of it, and what could not be translated."""

    text: str
    remarks: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])
    """Expressions that stand in the text as text, each with the reason."""
    parts: list[Part] = field(default_factory=list[Part])


def translate(value: str, scope: Scope) -> Translated:
    """A parameter that is a text. Only with ``=`` before it does it hold expressions."""
    if not value.startswith("="):
        return Translated(plain(value), parts=[value])
    found = Translated("")
    place = 1
    while (start := value.find("{{", place)) >= 0 and (end := value.find("}}", start)) >= 0:
        if start > place:
            found.parts.append(value[place:start])
        expression = value[start + 2 : end]
        try:
            translator = Translator(scope)
            found.parts += translator.parts(expression)
            found.remarks += [each for each in translator.remarks if each not in found.remarks]
        except Untranslatable as error:
            found.kept.append(f"{expression.strip()} ({error})")
            found.parts.append(value[start : end + 2])
        place = end + 2
    if place < len(value):
        found.parts.append(value[place:])
    found.text = written(found.parts)
    return found


class Translator:
    """Turns trees into expressions."""

    def __init__(self, scope: Scope) -> None:
        self.remarks: list[str] = []
        self._scope = scope
        self._names: dict[str, Term] = {}

    def parts(self, text: str) -> list[Part]:
        """An expression; where it only puts texts together, the parts of these."""
        return self._parts(js.parse(text))

    def expression(self, text: str) -> Term:
        """An expression as one."""
        return self.term(js.parse(text))

    def _parts(self, tree: Tree) -> list[Part]:
        match tree:
            case js.Template(parts=parts):
                return [each if isinstance(each, str) else Cel(self.term(each).whole) for each in parts if each != ""]
            case js.Binary(sign="+", left=left, right=right) if _is_text(left) or _is_text(right):
                return [*self._parts(left), *self._parts(right)]
            case js.Literal(value=str() as value):
                return [value]
            case _:
                return [Cel(self.term(tree).whole)]

    def term(self, tree: Tree) -> Term:  # noqa: C901, PLR0911 - one for each kind of tree
        """The value of a tree."""
        match tree:
            case js.Literal(value=value):
                return literal(value)
            case js.Name(name=name):
                return self._named(name)
            case js.Member():
                return self._member(tree)
            case js.Call():
                return self._call(tree)
            case js.Unary(sign="-", of=of):
                return Term(f"-{self.term(of).operand}", "number", simple=False)
            case js.Unary(of=of):
                return self._not(of)
            case js.Binary():
                return self._binary(tree)
            case js.Choice(condition=condition, then=then, otherwise=otherwise):
                test = self._test(condition)
                return Term(f"{test} ? {self.term(then).operand} : {self.term(otherwise).operand}", simple=False)
            case js.Array(items=items):
                return Term(f"[{', '.join(self.term(each).whole for each in items)}]", "list")
            case js.Object(pairs=pairs):
                inner = ", ".join(f"{quoted(name)}: {self.term(each).whole}" for name, each in pairs)
                return Term(f"{{{inner}}}", "object")
            case js.Template(parts=parts):
                made = [quoted(each) if isinstance(each, str) else self._as_text(each) for each in parts if each != ""]
                return Term(" + ".join(made) or '""', "text", simple=len(made) < 2)  # noqa: PLR2004
            case js.Arrow():
                raise Untranslatable("a function stands where a value is expected")

    def _named(self, name: str) -> Term:
        if name in self._names:
            return self._names[name]
        known = NAMES.get(name)
        if known is None:
            raise Untranslatable(f"{name} is not known here")
        if name == "$now":
            self._remark(STARTED)
        return known(self._scope)

    def _member(self, tree: js.Member) -> Term:
        if isinstance(tree.key, js.Literal) and isinstance(tree.key.value, str):
            key = tree.key.value
            if isinstance(tree.of, js.Name):
                match tree.of.name:
                    case "$node":
                        return Term("", role="node", known=self._scope.node(key))
                    case "$vars" | "$env":
                        if tree.of.name == "$env":
                            self._remark(f"The environment variable {key} becomes a variable of the workspace.")
                        return Term(self._scope.variable(key, tree.of.name))
                    case _:
                        pass
            return member(self.term(tree.of), key, optional=tree.optional)
        return element(self.term(tree.of), self.term(tree.key))

    def _call(self, tree: js.Call) -> Term:
        match tree.of:
            case js.Name(name="$" | "$items"):
                return self._node(tree)
            case js.Name(name=name):
                if name == "$if" and len(tree.arguments) == 3:  # noqa: PLR2004 - condition, then, otherwise
                    return self.term(js.Choice(*tree.arguments))
                return methods.function(name, [self.term(each) for each in tree.arguments])
            case js.Member(of=js.Name(name="Math" | "JSON" as of), key=js.Literal(value=str() as name)):
                return methods.function(f"{of}.{name}", [self.term(each) for each in tree.arguments])
            case js.Member(of=js.Name(name="Object"), key=js.Literal(value="keys")) if len(tree.arguments) == 1:
                return Term(f"{self.term(tree.arguments[0]).operand}.map(key, key)", "list")
            case js.Member(of=of, key=js.Literal(value=str() as name)):
                return self._method(self.term(of), name, tree)
            case _:
                raise Untranslatable("it calls a function that is not known here")

    def _node(self, tree: js.Call) -> Term:
        match tree.arguments:
            case [js.Literal(value=str() as name)]:
                node = Term("", role="node", known=self._scope.node(name))
                return chosen(node, "all") if tree.of == js.Name("$items") else node
            case _:
                raise Untranslatable("which node is meant is not a constant")

    def _method(self, of: Term, name: str, tree: js.Call) -> Term:
        if of.role in {"node", "input"} and name in {"first", "last", "all"}:
            return chosen(of, name)
        if of.role == "items" and name in {"first", "last"}:
            index = literal(0) if name == "first" else Term(f"size({of.cel}) - 1", "number")
            return element(of, index)
        if name in OVER_LISTS and len(tree.arguments) == 1 and isinstance(tree.arguments[0], js.Arrow):
            return self._over(of, name, tree.arguments[0])
        if of.role != "value":
            raise Untranslatable(f"{name} of items is not known here")
        return methods.applied(of, name, [self._argument(each) for each in tree.arguments], tree.arguments)

    def _argument(self, tree: Tree) -> Term:
        # What moves a time is read as it is written.
        return Term("{}", "object") if isinstance(tree, js.Object) else self.term(tree)

    def _over(self, of: Term, name: str, arrow: js.Arrow) -> Term:
        variable = "each" if arrow.name.startswith("$") else arrow.name
        inner = (
            Term(variable, role="item", known=Known(variable, names=of.known.names if of.known else None))
            if of.role == "items"
            else Term(variable)
        )
        before = self._names
        self._names = {**before, arrow.name: inner}
        body = self.term(arrow.body).whole if name == "map" else self._condition(arrow.body).whole
        self._names = before
        base = of.cel if of.role == "items" else of.operand
        kind = "list" if name in {"map", "filter"} else "bool"
        role = "items" if of.role == "items" and name == "filter" else "value"
        return Term(f"{base}.{OVER_LISTS[name]}({variable}, {body})", kind, role=role, known=of.known)

    def _binary(self, tree: js.Binary) -> Term:
        match tree.sign:
            case "+":
                return self._sum(tree)
            case "??":
                return Term(f"default({self.term(tree.left).cel}, {self.term(tree.right).whole})")
            case "||" | "&&":
                return self._either(tree)
            case "-" | "*" | "/" | "%":
                left, right = self.term(tree.left), self.term(tree.right)
                if tree.sign == "/":
                    return Term(f"double({left.whole}) / {right.operand}", "number", simple=False)
                return Term(f"{left.operand} {tree.sign} {right.operand}", "number", simple=False)
            case sign:
                left, right = self.term(tree.left), self.term(tree.right)
                return Term(f"{left.operand} {COMPARED.get(sign, sign)} {right.operand}", "bool", simple=False)

    def _sum(self, tree: js.Binary) -> Term:
        left, right = self.term(tree.left), self.term(tree.right)
        if "text" in {left.type, right.type}:
            made = f"{self._text_of(left)} + {self._text_of(right)}"
            return Term(made, "text", simple=False)
        if {left.type, right.type} != {"number"}:
            self._remark(ADDED)
        return Term(f"{left.operand} + {right.operand}", simple=False)

    def _either(self, tree: js.Binary) -> Term:
        left, right = self.term(tree.left), self.term(tree.right)
        if left.type == "bool" and right.type == "bool":
            return Term(f"{left.operand} {tree.sign} {right.operand}", "bool", simple=False)
        if tree.sign == "&&":
            raise Untranslatable("&& is known here between conditions alone")
        self._remark(LOOSE)
        return Term(f"default({left.cel}, {right.whole})")

    def _not(self, of: Tree) -> Term:
        return Term(f"!({self._test(of)})", "bool")

    def _test(self, tree: Tree) -> str:
        return self._condition(tree).operand

    def _condition(self, tree: Tree) -> Term:
        """A condition: true or false, as ours have to be."""
        found = self.term(tree)
        if found.type == "bool":
            return found
        self._remark(LOOSE)
        made = f"default({found.cel}, null) != null && default({found.cel}, null) != false"
        return Term(made, "bool", simple=False)

    def _as_text(self, tree: Tree) -> str:
        return self._text_of(self.term(tree))

    def _text_of(self, term: Term) -> str:
        return term.operand if term.type == "text" else f"string({term.whole})"

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)


def _is_text(tree: Tree) -> bool:
    match tree:
        case js.Literal(value=str()) | js.Template():
            return True
        case js.Binary(sign="+", left=left, right=right):
            return _is_text(left) or _is_text(right)
        case _:
            return False


def _json(scope: Scope) -> Term:
    known = scope.current()
    return Term(known.cel, names=known.names)


def _input(scope: Scope) -> Term:
    return Term("", role="input", known=scope.current())


NAMES: Final[Mapping[str, Callable[[Scope], Term]]] = {
    "$json": _json,
    "$input": _input,
    "$now": lambda _: methods.START,
    "$itemIndex": lambda _: Term("0", "number"),
    "$runIndex": lambda _: Term("0", "number"),
    "$execution": lambda _: constants({"id": ("execution.uuid", "text")}),
    "$workflow": lambda _: constants({"id": ("workflow.uuid", "text"), "name": ("workflow.name", "text")}),
}
