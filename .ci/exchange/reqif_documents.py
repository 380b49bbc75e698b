"""The package reqif reads our export, and its reading of a document has the items and links of our import.

Called by .ci/run with the Python of target/ci/exchange.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from reqif.models.reqif_types import SpecObjectAttributeType
from reqif.parser import ReqIFParser

ROOT = Path(__file__).resolve().parents[2]
ATOCORE = ROOT / "target/debug/atocore"
FIXTURE = ROOT / "tests/fixtures/exchange/spec.reqif"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def read(document: Path):
    """Returns the texts of each object by its uid or identifier, the relations, and the hierarchy."""
    bundle = ReqIFParser.parse(str(document))
    assert not bundle.exceptions, bundle.exceptions
    content = bundle.core_content.req_if_content
    names, relation_types = {}, {}
    for spec_type in content.spec_types:
        relation_types[spec_type.identifier] = spec_type.long_name
        for attribute in getattr(spec_type, "attribute_definitions", None) or []:
            names[attribute.identifier] = attribute.long_name
    ids, objects = {}, {}
    for one in content.spec_objects:
        values = {
            names[a.definition_ref]: a.value
            for a in one.attributes
            if a.attribute_type == SpecObjectAttributeType.STRING
        }
        uid = values.get("ReqIF.ForeignID", one.identifier)
        ids[one.identifier] = uid
        objects[uid] = values.get("ReqIF.ChapterName") or values.get("ReqIF.Name")
    links = {
        (ids[r.source], relation_types[r.relation_type_ref].lower(), ids[r.target])
        for r in content.spec_relations
    }
    parts = set()
    for specification in content.specifications:
        above = []
        for node in bundle.iterate_specification_hierarchy(specification):
            above = above[: node.level - 1] + [ids[node.spec_object]]
            if len(above) > 1:
                parts.add((above[-1], above[-2]))
    return objects, links, parts


def stored(db: Path):
    conn = sqlite3.connect(db)
    key = "coalesce(nullif({0}.uid, ''), {0}.properties ->> 'reqif_identifier', 'atocore-' || {0}.id)"
    rows = conn.execute(
        f"SELECT {key.format('e')}, name FROM entities e WHERE properties ->> 'original_type' IS NOT 'SPECIFICATION'"
    )
    objects = dict(rows)
    links = conn.execute(
        f"SELECT {key.format('s')}, relationship_type, {key.format('t')} FROM relationships r "
        "JOIN entities s ON s.id = source_entity_id JOIN entities t ON t.id = target_entity_id "
        "WHERE t.properties ->> 'original_type' IS NOT 'SPECIFICATION'"
    )
    return objects, set(links)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "ATOCORE_DB": str(folder / "store.db")}
        options = ["--project", "p", "--status", "active", "--map", "mitigates=depends_on"]
        run(ATOCORE, "import", FIXTURE, *options, env=environment)
        ours, our_links = stored(folder / "store.db")
        theirs, their_links, parts = read(FIXTURE)
        assert ours.keys() == theirs.keys(), (ours, theirs)
        differing = {uid for uid, title in theirs.items() if title and ours[uid] != title}
        assert not differing, differing
        as_ours = {"mitigates": "depends_on"}
        wanted = {(s, as_ours.get(t, t), o) for s, t, o in their_links if t != "child"}
        wanted |= {(o, "refines", s) for s, t, o in their_links if t == "child"}
        wanted |= {(part, "part_of", whole) for part, whole in parts}
        assert our_links == wanted, f"imported\n{our_links}\nreqif\n{wanted}"
        run(ATOCORE, "import", ROOT / "examples/lynx.jsonl", env=environment)
        document = folder / "all.reqif"
        run(ATOCORE, "export", "--format", "reqif", document, env=environment)
        objects, links, parts = read(document)
        ours, our_links = stored(folder / "store.db")
        assert objects == ours, (objects, ours)
        assert len(links) + len(parts) == len(our_links), (len(links), len(parts), len(our_links))
        run(Path(sys.executable).parent / "reqif", "validate", "--use-reqif-schema", document)
    print(f"reqif agrees: {len(theirs)} objects, {len(wanted)} links; read {len(objects)} of ours")


main()
