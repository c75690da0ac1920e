"""Sessions for contributors: ``nox -l`` lists them, ``nox -s lint types`` runs two of them."""

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run all tests with the newest dependencies."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that setup.cfg allows."""
    session.install(
        "--constraint", ".ci/oldest.txt", ".", "av", "hypothesis", "librosa", "pytest", "skops"
    )
    session.install("--constraint", ".ci/oldest.txt", "pytest-xdist")
    session.run("python", "-P", "-m", "pytest", "tests", *session.posargs)


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Check style, formatting and the direction of imports."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session(python="3.11")
def types(session: nox.Session) -> None:
    """Check types with mypy in strict mode."""
    session.install("-e", ".[test]")
    session.run("mypy")


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """Build the site in `docs/_build/html`, run all code of the documents, and check their links.

    Without ``FEATKIT_AXE``, the path of axe-core's ``axe.min.js``, no browser opens the pages; this
    is an error if ``CI`` is set.
    """
    session.install("-e", ".[deep,docs,onnx,test]")
    session.run("pytest", "tests/test_docs.py", "tests/features/test_catalogue.py")
    session.run("python", "docs/build.py", *session.posargs)
