"""StrictDoc reads our export, and its own export of a document has the items and links of our import.

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
FIXTURE = ROOT / "tests/fixtures/exchange/spec.sdoc"
STRICTDOC = Path(sys.executable).parent / "strictdoc"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def strictdoc_json(folder: Path, document: Path) -> dict:
    """Exports a document with StrictDoc; returns its JSON."""
    source = folder / "source"
    source.mkdir(parents=True)
    (source / "spec.sdoc").write_text(document.read_text())
    run(STRICTDOC, "export", "--formats=json", "--output-dir", folder / "out", source)
    found = list((folder / "out").rglob("*.json"))
    assert found, "StrictDoc wrote no JSON"
    return json.loads(found[0].read_text())


def walk(node: dict):
    for inner in node.get("NODES", []):
        yield inner
        yield from walk(inner)


def summarize(exported: dict):
    """Returns the nodes with a UID by it, and the relations between them."""
    nodes, links = {}, set()
    for document in exported["DOCUMENTS"]:
        for node in walk(document):
            uid = node.get("UID")
            if not uid:
                continue
            nodes[uid] = (node.get("TITLE"), (node.get("STATEMENT") or "").strip())
            for relation in node.get("RELATIONS", []):
                kind, other = relation["TYPE"], relation.get("VALUE")
                if kind == "Parent":
                    links.add((uid, other))
                elif kind == "Child":
                    links.add((other, uid))
    return nodes, links


def stored(db: Path):
    conn = sqlite3.connect(db)
    rows = conn.execute(
        "SELECT uid, name, description FROM entities WHERE uid <> '' AND entity_type = 'requirement'"
    )
    nodes = {uid: (None if name == uid else name, text.strip()) for uid, name, text in rows}
    rows = conn.execute(
        "SELECT s.uid, t.uid FROM relationships r JOIN entities s ON s.id = source_entity_id "
        "JOIN entities t ON t.id = target_entity_id WHERE relationship_type = 'refines'"
    )
    return nodes, set(rows)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "ATOCORE_DB": str(folder / "store.db")}
        run(ATOCORE, "import", FIXTURE, "--project", "p", "--status", "active", env=environment)
        ours = stored(folder / "store.db")
        theirs = summarize(strictdoc_json(folder / "theirs", FIXTURE))
        assert ours == theirs, f"imported\n{ours}\nStrictDoc\n{theirs}"
        lynx = ROOT / "examples/lynx.jsonl"
        run(ATOCORE, "import", lynx, env=environment)
        run(ATOCORE, "export", "--format", "sdoc", folder / "all.sdoc", env=environment)
        nodes, links = summarize(strictdoc_json(folder / "ours", folder / "all.sdoc"))
        active = sqlite3.connect(folder / "store.db").execute(
            "SELECT count(*) FROM entities WHERE status = 'active' AND properties ->> 'original_type' IS NOT 'FILE' "
            "AND (uid <> '' OR properties ->> 'original_type' IS NOT 'TEXT') "
            "AND properties ->> 'original_type' IS NOT 'DOCUMENT'"
        ).fetchone()[0]
        assert len(nodes) == active and len(links) > 20, (len(nodes), active, len(links))
        print(f"StrictDoc agrees: {len(theirs[0])} nodes, {len(theirs[1])} links; read {len(nodes)} of ours")


main()
