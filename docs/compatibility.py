"""Which versions CI tests together, as the table that README.md has between two comments.

    python docs/compatibility.py

It reads the matrix of python-client/noxfile.py and the images of .github/workflows/ci.yml, and
writes the table into README.md. A test fails where the table is not the one that this makes.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "README.md"
BEGIN, END = "<!-- what CI tests: docs/compatibility.py -->\n", "<!-- end -->\n"

NAMES = {"redis": "Redis", "valkey": "Valkey"}


def matrix() -> list[tuple[str, ...]]:
    """Name, Python, Django, Celery and redis-py of each session of nox."""
    for node in ast.parse((REPOSITORY / "python-client/noxfile.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MATRIX":
            return [tuple(row) for row in ast.literal_eval(node.value)]
    raise LookupError("noxfile.py has no MATRIX")


def version(requirement: str) -> str:
    """``django==4.2.*`` is 4.2, and ``redis>=8`` is 8 or later. Of several, the first counts."""
    found = re.match(r"[\w-]+(==|>=)([\d.]+?)(?:\.\*)?(?:[ ,]|$)", requirement)
    if found is None:
        raise ValueError(f"{requirement!r} has no version")
    return found[2] if found[1] == "==" else f"{found[2]} or later"


def servers() -> Iterator[tuple[str, str]]:
    """Name and version of each server that CI runs the module's tests in."""
    workflow = (REPOSITORY / ".github/workflows/ci.yml").read_text()
    for image in re.findall(r"^ +- image: (\S+)$", workflow, re.MULTILINE):
        name, _, number = image.rpartition("/")[2].partition(":")
        yield NAMES[name], number


def table() -> str:
    """The combinations of the package, then the servers of the module, in Markdown."""
    rows = ["| Python | Django | Celery | redis-py |", "|---|---|---|---|"]
    rows += [
        f"| {python} | {' | '.join(map(version, libraries))} |"
        for _, python, *libraries in matrix()
    ]
    of_module = ", ".join(f"{name} {number}" for name, number in servers())
    return "\n".join(rows) + f"\n\nThe module is tested in {of_module}.\n"


def main() -> None:
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}{table()}{END}{after}")


if __name__ == "__main__":
    main()
