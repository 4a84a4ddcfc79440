"""Every icon that a page, a script or the navigation names is in the sprite: a missing one shows as a hole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from assets.web import event_words, nav

WEB = Path(nav.__file__).parent
ICONS = frozenset(re.findall(r'<symbol id="([^"]+)"', (WEB / "static/icons.svg").read_text()))
# Which argument of a macro, besides its keyword `icon_name`, names an icon.
PLACES = {"icon": 0, "empty": 4}


def words_of(node: nodes.Node) -> Iterator[str]:
    """The words that an expression may become, without those that it only compares or looks up."""
    if isinstance(node, nodes.Const):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, nodes.CondExpr):
        for branch in (node.expr1, node.expr2):
            yield from words_of(branch) if branch is not None else ()
    elif isinstance(node, nodes.Call):
        for argument in node.args[1:]:  # icons.get(kind, "flag")
            yield from words_of(argument)
    elif isinstance(node, nodes.Or):
        yield from words_of(node.left)
        yield from words_of(node.right)


def named_in_template(source: str) -> Iterator[str]:
    tree = Environment(extensions=["jinja2.ext.do"]).parse(source)  # noqa: S701  # parsed, never rendered
    for call in tree.find_all(nodes.Call):
        place = PLACES.get(call.node.name, len(call.args)) if isinstance(call.node, nodes.Name) else len(call.args)
        keywords = [keyword.value for keyword in call.kwargs if keyword.key == "icon_name"]
        for argument in [*call.args[place : place + 1], *keywords]:
            yield from words_of(argument)
    for pair in tree.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and pair.key.value == "icon":
            yield from words_of(pair.value)
    for given in tree.find_all(nodes.Assign):
        if isinstance(given.target, nodes.Name) and given.target.name == "icons" and isinstance(given.node, nodes.Dict):
            for pair in given.node.items:
                yield from words_of(pair.value)


def named_in_python(source: str) -> Iterator[str]:
    """Values of the key "icon", and those of tables called ICONS."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "icon" and isinstance(value, ast.Constant):
                    yield str(value.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            called = {target.id for target in targets if isinstance(target, ast.Name)}
            if called & {"ICONS"}:
                yield from (str(value.value) for value in node.value.values if isinstance(value, ast.Constant))


def named_in_script(source: str) -> Iterator[str]:
    yield from re.findall(r'\bicon\([^()]*?"([a-z-]+)"\)', source)
    for table in re.findall(r"\bconst (?:ICONS|icons|STATES) = (?:/\*\*.*?\*/ \()?\{([^}]*)\}", source):
        yield from re.findall(r':\s*"([a-z-]+)"', table)


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    named: dict[str, set[str]] = {
        "nav.py": {icon for _, _, icon, _ in nav.PLACES},
        "event_words.py": {icon for _, icon in event_words.TITLES.values()},
    }
    readers = {"templates/**/*.html": named_in_template, "**/*.py": named_in_python, "static/**/*.js": named_in_script}
    for pattern, reader in readers.items():
        for path in WEB.glob(pattern):
            if "vendor" not in path.parts:
                named.setdefault(str(path.relative_to(WEB)), set()).update(reader(path.read_text(encoding="utf-8")))
    assert len({icon for icons in named.values() for icon in icons}) > 40  # the readers do find them
    missing = {where: icons - ICONS for where, icons in named.items() if icons - ICONS}
    assert missing == {}
