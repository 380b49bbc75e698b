"""okf-schema finds no error in a bundle that we write, and its concepts are those of our import.

Called by .ci/run with the Python of target/ci/exchange.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ATOCORE = ROOT / "target/debug/atocore"
FIXTURE = ROOT / "tests/fixtures/exchange/okf"
OKF = Path(sys.executable).parent / "okf-schema"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def titles(bundle: Path):
    """Returns the titles of the concepts that okf-schema lists, one a line: path, type, title."""
    return sorted(line.split("  ", 2)[2].strip() for line in run(OKF, "list", "--path", bundle).splitlines())


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "ATOCORE_DB": str(folder / "store.db")}
        run(OKF, "validate", "--path", FIXTURE)
        run(ATOCORE, "import", "--from", "okf", FIXTURE, "--project", "p", "--status", "active", env=environment)
        run(ATOCORE, "import", ROOT / "examples/lynx.jsonl", env=environment)
        run(ATOCORE, "export", "--format", "okf", folder / "bundle", env=environment)
        run(OKF, "validate", "--path", folder / "bundle")
        conn = sqlite3.connect(folder / "store.db")
        active = [row[0] for row in conn.execute("SELECT name FROM entities WHERE status = 'active' ORDER BY name")]
        assert titles(folder / "bundle") == sorted(active)
        print(f"okf-schema agrees: {len(active)} concepts")


main()
