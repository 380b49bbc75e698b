"""Prints what reaches the user of each client, from the reports in a folder; docs/testing.md must have the same.

The arguments are counted in the schemas that a client shows to its model, and compared with those of the
official Python SDK 2, which passes them on as they are.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[2] / "docs/testing.md"
REFERENCE = "python2"


def count(schema: object, definitions: dict) -> int:
    """The number of arguments, with those of objects and lists of objects."""
    if not isinstance(schema, dict):
        return 0
    if "$ref" in schema:
        return count(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    choices = [count(one, definitions) for one in schema.get("anyOf") or []]
    own = sum(1 + count(one, definitions) for one in (schema.get("properties") or {}).values())
    return max([own + count(schema.get("items"), definitions), *choices])


def shown(report: dict) -> tuple[int, int]:
    schemas = report["tools"].values()
    return len(schemas), sum(count(schema, schema.get("$defs", {})) for schema in schemas)


def rows(folder: Path) -> list[str]:
    tools, arguments = shown(json.loads((folder / f"{REFERENCE}.json").read_text()))
    packages = {}
    table = ["| client | tools | arguments | text | structured content |", "|---|---|---|---|---|"]
    for line in (HERE / "clients.txt").read_text().splitlines():
        client, *named = line.split()
        name, _, variant = client.partition(":")
        packages[name] = named[0] if named else packages[name]
        title = f"`{packages[name]}`" + (f", {variant}" if variant else "")
        report = json.loads((folder / f"{client}.json").read_text())
        seen, kept = shown(report)
        cells = [title, f"{seen} of {tools}", "all" if kept == arguments else f"{kept} of {arguments}"]
        cells += ["yes" if report[part] else "no" for part in ("text", "structured")]
        table.append(f"| {' | '.join(cells)} |")
    return table


table = "\n".join(rows(Path(sys.argv[1])))
print(table)
if table not in DOCUMENT.read_text():
    sys.exit("docs/testing.md has another table")
