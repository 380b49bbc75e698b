"""Doorstop reads our export, and its items, links and suspect links are those of our import.

Called by .ci/run with the Python of target/ci/exchange.
"""

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from doorstop.core import builder

ROOT = Path(__file__).resolve().parents[2]
ATOCORE = ROOT / "target/debug/atocore"
FIXTURE = ROOT / "tests/fixtures/exchange/doorstop"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tree(folder: Path):
    """Returns header and text of each item by its uid, the links, and the suspect ones."""
    run("git", "init", "--quiet", folder)
    os.chdir(folder)
    root = builder.build(cwd=str(folder), root=str(folder))
    problems = [issue for issue in root.get_issues() if type(issue).__name__ == "DoorstopError"]
    assert not problems, problems
    items, links, suspect = {}, set(), set()
    for document in root:
        for item in document:
            items[str(item.uid)] = (str(item.header).strip(), str(item.text).strip())
            for uid in item.links:
                links.add((str(item.uid), str(uid)))
                if uid.stamp != root.find_item(uid.value).stamp():
                    suspect.add((str(item.uid), str(uid)))
    return items, links, suspect


def stored(db: Path):
    conn = sqlite3.connect(db)
    rows = conn.execute(
        "SELECT uid, name, description, properties FROM entities WHERE entity_type = 'requirement' AND uid <> ''"
    )
    items, suspect = {}, set()
    for uid, name, text, properties in rows:
        items[uid] = ("" if name == uid else name, text.strip())
        suspect |= {(uid, other) for other in json.loads(properties).get("suspect_links", [])}
    links = conn.execute(
        "SELECT s.uid, t.uid FROM relationships r JOIN entities s ON s.id = source_entity_id "
        "JOIN entities t ON t.id = target_entity_id WHERE relationship_type = 'refines'"
    )
    return items, set(links), suspect


def main():
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "ATOCORE_DB": str(folder / "store.db")}
        theirs = tree(Path(shutil.copytree(FIXTURE, folder / "theirs")))
        options = ["--from", "doorstop", "--project", "p", "--status", "active"]
        run(ATOCORE, "import", FIXTURE, *options, env=environment)
        ours = stored(folder / "store.db")
        assert ours == theirs, f"imported\n{ours}\nDoorstop\n{theirs}"
        run(ATOCORE, "export", "--format", "doorstop", folder / "ours", env=environment)
        assert tree(folder / "ours") == ours, (tree(folder / "ours"), ours)
        markdown = Path(shutil.copytree(FIXTURE, folder / "markdown"))
        for settings in markdown.rglob(".doorstop.yml"):
            settings.write_text(settings.read_text().replace("itemformat: yaml", "itemformat: markdown"))
        environment["ATOCORE_DB"] = str(folder / "markdown.db")
        run(ATOCORE, "import", markdown, *options, env=environment)
        run(ATOCORE, "export", "--format", "doorstop", folder / "markdown-ours", env=environment)
        assert not list((folder / "markdown-ours").rglob("[!.]*.yml"))
        assert tree(folder / "markdown-ours") == ours, (tree(folder / "markdown-ours"), ours)
        print(f"Doorstop agrees: {len(ours[0])} items, {len(ours[1])} links, {len(ours[2])} of them suspect")


main()
