"""openpyxl reads the workbook that we write, and our import of one that it writes has its values.

Called by .ci/run with the Python of target/ci/exchange.
"""

import datetime
import json
import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from openpyxl import Workbook, load_workbook

ROOT = Path(__file__).resolve().parents[2]
ATOCORE = ROOT / "target/debug/atocore"
ROWS = [
    ["id", "name", "description", "parent", "Mass", "Due", "Agreed"],
    ["R-1", "Größe", "two\nlines", None, 1.5, datetime.date(2026, 3, 1), True],
    ["R-2", "=1+1", "'quoted", "R-1", -12, datetime.datetime(2026, 3, 1, 14, 30), False],
]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def write(path: Path):
    book = Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active["B3"].data_type = "s"
    book.save(path)


def stored(db: Path):
    rows = sqlite3.connect(db).execute("SELECT uid, name, description, properties FROM entities ORDER BY uid, name")
    return {uid or name: (name, text, json.loads(properties)) for uid, name, text, properties in rows}


def read(path: Path):
    """Returns name, text and properties of each row as openpyxl reads them."""
    heading, *rows = load_workbook(path).active.iter_rows(values_only=True)
    found = {}
    for row in rows:
        cells = dict(zip(heading, row))
        prefix = "properties."
        properties = {
            name.removeprefix(prefix): value
            for name, value in cells.items()
            if name.startswith(prefix) and value is not None
        }
        found[cells["uid"] or cells["key"]] = (cells["name"], cells["description"] or "", properties)
    return found


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "ATOCORE_DB": str(folder / "store.db")}
        write(folder / "theirs.xlsx")
        run(ATOCORE, "import", folder / "theirs.xlsx", "--status", "active", env=environment)
        wanted = {
            "R-1": ("Größe", "two\nlines", {"Mass": 1.5, "Due": "2026-03-01", "Agreed": True}),
            "R-2": ("=1+1", "'quoted", {"Mass": -12, "Due": "2026-03-01T14:30:00", "Agreed": False}),
        }
        assert stored(folder / "store.db") == wanted, stored(folder / "store.db")
        run(ATOCORE, "export", "--format", "xlsx", folder / "ours.xlsx", env=environment)
        assert read(folder / "ours.xlsx") == wanted, read(folder / "ours.xlsx")
        run(ATOCORE, "import", ROOT / "examples/lynx.jsonl", env=environment)
        run(ATOCORE, "export", "--format", "xlsx", folder / "all.xlsx", env=environment)
        names = sorted(name for name, _, _ in read(folder / "all.xlsx").values())
        query = "SELECT name FROM entities WHERE status = 'active'"
        active = sorted(row[0] for row in sqlite3.connect(folder / "store.db").execute(query))
        assert names == active, (names, active)
        print(f"openpyxl agrees: {len(wanted)} rows of its own, {len(active)} of ours")


main()
