"""What the answers about a real project must be, derived from its files and from nothing of ours."""

import json
import os
from pathlib import Path

FACTS = Path(os.environ["FACTS"]).resolve()


def facts(kind: str) -> list[dict]:
    lines = (json.loads(line) for line in FACTS.read_text().splitlines())
    return [line for line in lines if line["type"] == kind]


ENTITIES = {fact["key"]: fact for fact in facts("entity")}
LINKS = [(fact["source"], fact["relationship_type"], fact["target"]) for fact in facts("relationship")]


def named(entity_type: str) -> list[str]:
    """The names of all entities of a type, sorted; a name that two of them have stands twice."""
    return sorted(e["name"] for e in ENTITIES.values() if e["entity_type"] == entity_type)


def targets(name: str, relationship_type: str) -> list[str]:
    """The names at the end of links of a type from the one entity of a name."""
    [key] = [key for key, entity in ENTITIES.items() if entity["name"] == name]
    return sorted(
        ENTITIES[target]["name"]
        for source, kind, target in LINKS
        if source == key and kind == relationship_type
    )


def sources(name: str, relationship_type: str) -> set[str]:
    """The names of entities with a link of a type to the entities of a name."""
    return {
        ENTITIES[source]["name"]
        for source, kind, target in LINKS
        if kind == relationship_type and ENTITIES[target]["name"] == name
    }


def unsatisfied() -> list[str]:
    """The names of requirements to which no link `satisfies` leads."""
    satisfied = {target for _, kind, target in LINKS if kind == "satisfies"}
    return sorted(
        entity["name"]
        for key, entity in ENTITIES.items()
        if entity["entity_type"] == "requirement" and key not in satisfied
    )


if __name__ == "__main__":
    print("subsystems", len(named("subsystem")))
    print("components", len(named("component")))
    print("requirements", len(named("requirement")))
    print("requirements of Svc::CmdDispatcher", targets("Svc::CmdDispatcher", "satisfies"))
    print("components at Fw::Cmd", sorted(sources("Fw::Cmd", "interfaces_with")))
    print("requirements that nothing satisfies", unsatisfied())
