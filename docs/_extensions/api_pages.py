"""The reference of the Python interface, from docstrings: an index, and a page for each name."""

import inspect
import pkgutil
from pathlib import Path
from typing import Any

from api_names import MODULES, TASKS, missing_names, module_names
from docutils import nodes
from generated import write
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

import featkit


def first_line(value: object) -> str:
    """Return the first line of a docstring, as Markdown with code instead of links."""
    return (inspect.getdoc(value) or "").partition("\n")[0]


def page_of(name: str) -> str:
    """Return the page of a name of `featkit`; file names differ in more than their case."""
    kind = "classes" if inspect.isclass(getattr(featkit, name)) else "functions"
    return f"{kind}/{name}"


def directive(module: str, name: str, value: object) -> str:
    """Return the directive that documents a name."""
    if inspect.isclass(value):
        options = "   :members:\n" + (
            "   :show-inheritance:\n" if issubclass(value, Exception) else ""
        )
        return f".. autoclass:: {module}.{name}\n{options}"
    kind = "function" if inspect.isfunction(value) else "data"
    options = "   :no-value:\n" if kind == "data" else ""
    return f".. auto{kind}:: {module}.{name}\n{options}"


def underlined(title: str) -> str:
    """Return the title of a page in reStructuredText."""
    return f"{title}\n{'=' * len(title)}\n"


def write_index(folder: Path) -> None:
    """Write the page that lists all names by task."""
    lines = [
        "# Python reference",
        "",
        "Everything that you can import, from its docstrings. Names that are not on these pages",
        "are not part of the public interface: they may change with any version.",
        "[Python](../../python.md) shows how they fit together.",
        "",
    ]
    for task, names in TASKS.items():
        lines += [f"## {task}", "", "| name | purpose |", "|---|---|"]
        lines += [
            f"| [`{name}`]({page_of(name)}.rst) | {first_line(getattr(featkit, name))} |"
            for name in names
        ]
        lines.append("")
    lines += ["## Modules", "", "| module | purpose |", "|---|---|"]
    lines += [
        f"| [`{name}`](modules/{name}.rst) | {purpose} |" for name, purpose in MODULES.items()
    ]
    pages = [page_of(name) for names in TASKS.values() for name in names]
    entries = [
        *(f"{page.rpartition('/')[2]} <{page}>" for page in pages),
        *(f"{name} <modules/{name}>" for name in MODULES),
    ]
    lines += ["", "```{toctree}", ":hidden:", "", *entries, "```", ""]
    write(folder / "index.md", "\n".join(lines))


def write_pages(app: Sphinx) -> None:
    """Write all pages of the reference.

    Raises
    ------
    ExtensionError
        If a public name is missing in `api_names`, or has no docstring.
    """
    docs = Path(app.srcdir)
    if faults := missing_names(docs.parent):
        raise ExtensionError("the reference is incomplete: " + "; ".join(faults))
    folder = docs / "reference" / "api"
    write_index(folder)
    for name in (name for names in TASKS.values() for name in names):
        text = (
            underlined(f"featkit.{name}")
            + "\n"
            + directive("featkit", name, getattr(featkit, name))
        )
        write(folder / f"{page_of(name)}.rst", text)
    for module, names in module_names().items():
        write(folder / "modules" / f"{module}.rst", module_text(module, names))


def module_text(module: str, names: list[str]) -> str:
    """Return the page of a module: its docstring, and its names."""
    owner = pkgutil.resolve_name(module)
    introduction = f".. automodule:: {owner.__name__}\n   :no-members:\n   :no-index:\n"
    parts = [directive(module, name, getattr(owner, name)) for name in names]
    return "\n".join([underlined(module), introduction, *parts])


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Link a name in backquotes to its public name, or show it as code.

    Docstrings name parameters, internal modules and names of other libraries in the same way. Names
    that start with ``featkit.`` must exist; otherwise the result is None, and Sphinx warns.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    if target.startswith("featkit.") and not exists(target):
        return None
    objects = env.domains.python_domain.objects
    last = target.rpartition(".")[2]
    matches = [
        entry
        for name, entry in objects.items()
        if name == f"featkit.{last}" and entry.objtype == "class"
    ]
    if not matches:
        return content
    page, anchor = matches[0].docname, matches[0].node_id
    uri = f"{app.builder.get_relative_uri(node['refdoc'], page)}#{anchor}"
    return nodes.reference("", "", content, internal=True, refuri=uri)


def exists(name: str) -> bool:
    """Tell whether a dotted name is a module of featkit, or a name in one."""
    try:
        pkgutil.resolve_name(name)
    except (AttributeError, ImportError):
        return False
    return True


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before the build looks for them, and resolve names in docstrings."""
    app.connect("builder-inited", write_pages)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
