"""Sphinx-Needs builds our export, and what it built has the needs and links of our import.

Called by .ci/run with the Python of target/ci/exchange.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ATOCORE = ROOT / "target/debug/atocore"
FIXTURE = ROOT / "tests/fixtures/exchange/needs.json"
PAGE = "Needs\n=====\n\n.. needimport:: needs.json\n"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def current(document: Path) -> dict:
    file = json.loads(document.read_text())
    return file["versions"][file["current_version"]]


def summarize(version: dict):
    """Returns type, title and content of each need by its id, and the links."""
    needs = {uid: (n["type"], n["title"], n.get("content", "").strip()) for uid, n in version["needs"].items()}
    fields = version["needs_schema"]["properties"]
    names = [name for name, field in fields.items() if field["field_type"] == "links"]
    links = {
        (uid, name, other)
        for uid, need in version["needs"].items()
        for name in names
        for other in need.get(name) or []
    }
    return needs, links


def build(folder: Path, document: Path) -> dict:
    """Imports a file into a documentation of its own; returns the needs that Sphinx-Needs makes of it."""
    version = current(document)
    fields = version["needs_schema"]["properties"]
    links = [name for name, field in fields.items() if field["field_type"] == "links" and name not in ("links", "parent_needs")]
    extra = [name for name, field in fields.items() if field["field_type"] == "extra" and name not in ("duration", "completion")]
    types = sorted({need["type"] for need in version["needs"].values()})
    folder.mkdir()
    (folder / "needs.json").write_text(document.read_text())
    (folder / "index.rst").write_text(PAGE)
    conf = [
        'extensions = ["sphinx_needs"]',
        'project = "p"',
        "needs_build_json = True",
        'needs_id_regex = "^.+$"',
        f"needs_types = {[dict(directive=t, title=t, prefix='', color='#fff', style='node') for t in types]!r}",
        f"needs_links = { {name: dict(outgoing=name, incoming=name + ' of') for name in links}!r}",
        f"needs_fields = { {name: dict(description=name) for name in extra}!r}",
    ]
    (folder / "conf.py").write_text("\n".join(conf))
    run(sys.executable, "-m", "sphinx", "-q", "-b", "needs", folder, folder / "out")
    return current(folder / "out/needs.json")


def stored(db: Path):
    conn = sqlite3.connect(db)
    rows = conn.execute(
        "SELECT uid, coalesce(properties ->> 'original_type', entity_type), name, description FROM entities"
    )
    needs = {uid: (kind, name, text.strip()) for uid, kind, name, text in rows}
    links = conn.execute(
        "SELECT s.uid, iif(relationship_type = 'refines', 'links', relationship_type), t.uid FROM relationships r "
        "JOIN entities s ON s.id = source_entity_id JOIN entities t ON t.id = target_entity_id"
    )
    return needs, set(links)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "ATOCORE_DB": str(folder / "store.db")}
        options = ["--project", "p", "--status", "active", "--map", "checks=depends_on"]
        run(ATOCORE, "import", FIXTURE, *options, env=environment)
        ours = stored(folder / "store.db")
        needs, links = summarize(current(FIXTURE))
        theirs = needs, {(s, "depends_on" if t == "checks" else t, o) for s, t, o in links}
        assert ours == theirs, f"imported\n{ours}\nSphinx-Needs\n{theirs}"
        run(ATOCORE, "export", "--format", "needs", folder / "ours.json", env=environment)
        built = summarize(build(folder / "docs", folder / "ours.json"))
        assert built == ours, f"built\n{built}\nstored\n{ours}"
        print(f"Sphinx-Needs agrees: {len(needs)} needs, {len(links)} links")


main()
