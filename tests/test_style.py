"""Style of the project: names, docstrings, plain words, summaries of commands, and test files."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

import featkit
from featkit.cli._main import COMMANDS  # the summaries are those of the help

PACKAGE = Path(featkit.__file__).parent
ROOT = PACKAGE.parent

FOLDERS = sorted(path.name for path in PACKAGE.iterdir() if list(path.glob("*.py")))
MODULES = sorted(path.name for path in PACKAGE.glob("*.py"))

VAGUE_NAMES = {"of", "found", "said", "told", "there", "known", "each"}

MAX_WHAT = 150
TERSE_WORDS = {"said", "told", "tell", "tells", "stand", "stands"}
MAX_TERSE_WORDS = 30

MAX_SUMMARY = 60
MAX_TEST_FILE = 500

PLAIN_WORDS = {
    "scores can be believed": "leakage-free scores",
    "scores that can be believed": "leakage-free scores",
    "safe to leave alone": "resumes after a crash",
    "stands in `OUT.failures.csv`": "is listed in `OUT.failures.csv`",
    "stands in OUT.failures.csv": "is listed in OUT.failures.csv",
    "forget what earlier runs finished": "discard earlier results",
    "forget what an earlier run finished": "discard earlier results",
    "How sound each recording is": "quality columns describe each recording",
    "in columns that no model learns from": "models do not use them",
    "what its users must know": "caveats",
    "a file that wants it is a failure": "such files fail with a message that names the extra",
    "A header is not believed": "headers are not trusted",
    "a row is of the samples that there are": "a row uses the samples that were decoded",
    "What is not known to be missing": "some truncation cannot be detected",
    "The lock of a run that died": "a lock left by a dead process is released",
    "what was in work beside it": "files in flight",
    "One page for somebody who was not there": "a self-contained HTML report",
    "what one song is taken for": "the predicted class",
    "what spoke for and against": "the features that contributed",
    "Parquet files hold no clock": "Parquet files contain no timestamps",
    "is told all the same": "is still reported",
    "note there what they are on": "write worker state",
    "stands twice": "duplicate column",
    "a gamma or a temperature that is none": "gamma and temperature must be positive and finite",
    "which there are none of": "not supported",
    "What an honest split said": "grouped split versus row-wise split",
    "divides what belongs together": "row-wise split",
    "Who teaches, who judges": "outer folds estimate, inner folds select",
    "Whose recordings a decoder read": "recordings by decoder",
}
"""Riddles, and the plain words for them."""

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "docs"]

SUFFIXES = {".py", ".pyi", ".toml", ".md", ".j2", ".js", ".css", ".txt"}

SECTION = r"^[ ]*{name}\n[ ]*-+\n(.*?)(?=^[ ]*[A-Z][A-Za-z ]+\n[ ]*-+\n|\Z)"
ENTRY = re.compile(r"\s*(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::|$)")

PROPERTIES = {"property", "cached_property", "functools.cached_property"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)


def sources(name):
    """Paths and syntax trees of the Python files of a folder, or of one file, of the package."""
    path = PACKAGE / name
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [(file, ast.parse(file.read_text("utf-8"))) for file in files]


def is_private(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return any(part.startswith("_") and not part.startswith("__") for part in parts)


def place(path, node):
    return f"{path.relative_to(ROOT)}:{node.lineno} {getattr(node, 'name', '')}".rstrip()


@pytest.mark.parametrize("name", [*FOLDERS, *MODULES])
def test_names_are_not_vague(name):
    vague = [
        f"{place(path, node)} {bound}"
        for path, tree in sources(name)
        for node in ast.walk(tree)
        if (bound := bound_name(node)) in VAGUE_NAMES
    ]
    assert not vague, "\n".join(vague)


def bound_name(node):
    """The name of an argument, local or loop variable that a node binds."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else None


# Sections of docstrings


@pytest.mark.parametrize("name", [*FOLDERS, *MODULES])
def test_public_docstrings_have_all_sections(name):
    missing = [
        f"{place(path, node)}: {fault}"
        for path, tree in sources(name)
        if not is_private(path)
        for node, fault in module_faults(tree)
    ]
    assert not missing, "\n".join([f"{len(missing)} docstrings lack something:", *missing])


def module_faults(tree):
    """Nodes of a module's public functions, classes and methods, and what their docstrings lack."""
    for node in public(tree.body):
        if isinstance(node, ast.ClassDef):
            yield from ((node, fault) for fault in class_faults(node))
            for method in public(node.body):
                if isinstance(method, FUNCTIONS):
                    yield from ((method, fault) for fault in function_faults(method, method=True))
        else:
            yield from ((node, fault) for fault in function_faults(node))


def public(body):
    definitions = (*FUNCTIONS, ast.ClassDef)
    return [n for n in body if isinstance(n, definitions) and not n.name.startswith("_")]


def class_faults(node):
    docstring = ast.get_docstring(node)
    if docstring is None:
        yield "no docstring"
        return
    described = entries(docstring, "Attributes") | entries(docstring, "Parameters")
    if absent := [name for name in fields(node) if name not in described]:
        yield f"Attributes lacks {absent}"
    if absent := [name for name in init_arguments(node) if name not in described]:
        yield f"Parameters lacks {absent}"


def fields(node):
    """Public fields of a class that its docstring has to describe.

    Those of a protocol are methods; fields made by ``parameter(...)`` hold their own description.
    """
    annotated = [
        statement
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
    values = [s.value for s in annotated if isinstance(s.value, ast.Call)]
    self_described = any(ast.unparse(value.func) == "parameter" for value in values)
    protocol = any(ast.unparse(base).endswith("Protocol") for base in node.bases)
    if self_described or protocol:
        return []
    return [s.target.id for s in annotated if not s.target.id.startswith("_")]


def init_arguments(node):
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return arguments(statement, method=True)
    return []


def function_faults(node, method=False):
    decorators = [decorator_name(decorator) for decorator in node.decorator_list]
    if any("command" in d or d.endswith(".group") or d == "override" for d in decorators):
        return
    docstring = ast.get_docstring(node)
    if docstring is None:
        yield "no docstring"
        return
    if PROPERTIES & {*decorators}:
        return
    names = arguments(node, method=method and "staticmethod" not in decorators)
    if absent := [name for name in names if name not in entries(docstring, "Parameters")]:
        yield f"Parameters lacks {absent}"
    for section in results(node):
        if section_text(docstring, section) is None:
            yield f"no {section}"


def decorator_name(decorator):
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def arguments(node, method):
    """Public arguments of a function, without that of the instance or class."""
    a = node.args
    listed = [*a.posonlyargs, *a.args, *a.kwonlyargs]
    listed += [star for star in (a.vararg, a.kwarg) if star]
    return [argument.arg for argument in listed[method:] if not argument.arg.startswith("_")]


def results(node):
    """Sections that follow from the statements of a function: Returns, Yields, Raises."""
    statements = list(own_nodes(node))
    if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in statements):
        yield "Yields"
    elif node.returns is not None and ast.unparse(node.returns) not in (
        "None",
        "NoReturn",
        "Never",
    ):
        yield "Returns"
    if any(isinstance(n, ast.Raise) and n.exc is not None for n in statements):
        yield "Raises"


def own_nodes(node):
    """Nodes of a function without those of functions and classes inside it."""
    stack = list(node.body)
    while stack:
        inner = stack.pop()
        yield inner
        if not isinstance(inner, SCOPES):
            stack.extend(ast.iter_child_nodes(inner))


def section_text(docstring, name):
    match = re.search(SECTION.format(name=name), docstring, re.DOTALL | re.MULTILINE)
    return match[1] if match else None


def entries(docstring, section):
    """Names described in a section of a docstring."""
    matches = map(ENTRY.match, (section_text(docstring, section) or "").split("\n"))
    lists = [match[1] for match in matches if match]
    return {name.strip().lstrip("*") for names in lists for name in names.split(",")}


def test_a_docstring_without_sections_is_noticed():
    function = (
        'def f(x, *, y) -> int:\n    """One.\n\n    Parameters\n    ----------\n    x\n    """\n'
    )
    faults = [fault for _, fault in module_faults(ast.parse(f"{function}    raise KeyError\n"))]
    assert faults == ["Parameters lacks ['y']", "no Returns", "no Raises"]
    fields = 'class C:\n    """One."""\n    size: int\n    def m(self, a):\n        """Two."""\n'
    faults = [fault for _, fault in module_faults(ast.parse(fields))]
    assert faults == ["Attributes lacks ['size']", "Parameters lacks ['a']"]


# Words


def test_docstrings_use_nouns():
    words = Counter(
        word.lower()
        for name in [*FOLDERS, *MODULES]
        for _, tree in sources(name)
        for docstring in docstrings(tree)
        for word in re.findall(r"[A-Za-z]+", docstring)
    )
    assert words["what"] <= MAX_WHAT
    assert sum(words[word] for word in TERSE_WORDS) <= MAX_TERSE_WORDS


def docstrings(tree):
    """Docstrings of a module and all in it, also those below constants and attributes."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            value = getattr(statement, "value", None)
            if isinstance(statement, ast.Expr) and isinstance(value, ast.Constant):
                yield str(value.value)


PLACES = [PACKAGE / name for name in [*FOLDERS, *MODULES]]
PLACES += [Path(__file__).parents[1] / name for name in DOCUMENTS]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.name)
def test_words_are_plain(path):
    assert path.exists()
    riddles = [
        f"{file}: {riddle!r}: write {plain!r}"
        for file in texts(path)
        for riddle, plain in PLAIN_WORDS.items()
        if squeezed(riddle) in squeezed(file.read_text("utf-8"))
    ]
    assert not riddles, "\n".join(riddles)


def texts(path):
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in files if file.suffix in SUFFIXES]


def squeezed(text):
    """A text in lower case with single blanks; joined across literals and comments."""
    joined = re.sub(r"""["']\s*\n\s*f?["']|\n\s*#(?= )""", "", text)
    return " ".join(joined.lower().split())


# Commands and tests


@pytest.mark.parametrize("name", COMMANDS.names)
def test_the_summary_of_a_command_is_short(name):
    summary = COMMANDS[name].help.split("\n\n")[0].replace("\n", " ")
    assert len(summary) <= MAX_SUMMARY
    assert summary.endswith(".")
    assert COMMANDS[name].get_short_help_str(MAX_SUMMARY) == summary


TESTS = Path(__file__).parent
TEST_FILES = sorted(TESTS.rglob("*.py"))
HELPER_FILES = [file for file in TESTS.glob("*.py") if not file.name.startswith("test_")]

CHECKS = {"raises", "warns", "fail", "check_returncode", "parametrize_with_checks"}
"""Functions of pytest, the standard library and scikit-learn that fail by themselves."""


def test_test_files_are_short():
    lengths = {file.name: len(file.read_text("utf-8").splitlines()) for file in TEST_FILES}
    assert {name: n for name, n in lengths.items() if n > MAX_TEST_FILE} == {}


def test_no_two_test_files_share_a_name():
    names = Counter(file.name for file in TEST_FILES if file.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.name)
def test_every_test_asserts_something(file):
    """A call of a helper that asserts counts, if the helper is in the file or a shared one."""
    helper_files = [*HELPER_FILES, PACKAGE / "testing.py"]
    shared = [function for helper in helper_files for function in functions(helper)]
    helpers = {f.name for f in [*functions(file), *shared] if checks(f)}
    idle = [
        test.name
        for test in functions(file)
        if test.name.startswith("test_") and not checks(test) and not helpers & {*called(test)}
    ]
    assert not idle, "\n".join(idle)


def functions(file):
    return [n for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, FUNCTIONS)]


def checks(function):
    """Whether a function asserts, raises, or calls something that does."""
    nodes = [*ast.walk(function)]
    return any(isinstance(node, (ast.Assert, ast.Raise)) for node in nodes) or any(
        name in CHECKS or name.startswith("assert") for name in called(function)
    )


def called(function):
    """Names of the functions and methods that a function and its decorators call."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return [ast.unparse(name).rpartition(".")[2] for name in calls]
