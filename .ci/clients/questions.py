"""The retrieval questions: asked in a reader's words, and every answer they name exists."""

import json
import os
import re
from pathlib import Path

import pytest

FACTS = Path(os.environ["FACTS"]).resolve()
RECALL = Path(__file__).resolve().parents[2] / "tests" / "recall"
FILES = sorted(RECALL.glob("fprime_[a-z].jsonl"))

HEADING = re.compile(r"(#+)\s+(.+?)\s*")
SUFFIX = re.compile(r"(?<=\w{3})(ing|e[sd]?|(?<!s)s)$")
IDENTIFIER = re.compile(r"::|[a-z][A-Z]")
STOP_WORDS = frozenset(
    """
    a about after again all also always am an and another any anybody anyone are as at away back be
    because been before being beside between both but by can cannot could did do does doing done
    down during each either else ever every everything few for from get gets give go goes got had
    happen happens has have having he her here him his how i if in instead into is it its itself
    just least less let like made make makes many may me might more most much must my never no
    nobody nor not nothing now of off on once one only onto or other others our ours out over own
    per put rather same she should since so some somebody someone something still such take takes
    than that the their theirs them then there these they thing things this those though three
    through till to too two under until up upon us use used using very via was way we were what
    whatever when where whether which while who whole whom whose why will with within without would
    yet you your
    """.split()
)

Answer = frozenset[tuple[str, str]]
Questions = dict[str, list[Answer]]
Texts = dict[Answer, str]


def records(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sections(document: Path) -> dict[str, str]:
    """The text of each heading, up to the next heading of the same or a higher level."""
    texts: dict[str, str] = {}
    around: list[tuple[int, str]] = []
    in_code = False
    for line in document.read_text(encoding="utf-8").splitlines():
        in_code ^= line.lstrip().startswith("```")
        if not in_code and (heading := HEADING.fullmatch(line)):
            level = len(heading[1])
            around = [outer for outer in around if outer[0] < level] + [(level, heading[2])]
        for _, title in around:
            texts[title] = texts.get(title, "") + line + "\n"
    return texts


def known_texts() -> Texts:
    """What each possible answer says."""
    texts: Texts = {}
    for fact in records(FACTS):
        if fact["type"] == "entity":
            said = [fact["description"], *map(str, fact["properties"].values())]
            texts[frozenset({"entity": fact["key"]}.items())] = "\n".join(said)
    for memory in records(RECALL / "fprime_memories.jsonl"):
        texts[frozenset({"memory": memory["key"]}.items())] = memory["content"]
    for document in FACTS.parent.rglob("*.md"):
        path = document.relative_to(FACTS.parent).as_posix()
        for heading, text in sections(document).items():
            texts[frozenset({"section": path, "heading": heading}.items())] = text
    return texts


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub("['’]", "", text.lower()))


def trigrams(text: str) -> set[tuple[str, ...]]:
    said = words(text)
    return set(zip(said, said[1:], said[2:], strict=False))


def content_words(text: str) -> set[str]:
    return {SUFFIX.sub("", word) for word in words(text) if word not in STOP_WORDS}


def share(question: str, text: str) -> float:
    asked = content_words(question)
    return len(asked & content_words(text)) / len(asked)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return known_texts()


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def questions(request: pytest.FixtureRequest) -> Questions:
    return {
        record["question"]: [frozenset(answer.items()) for answer in record["answers"]]
        for record in records(request.param)
    }


def test_no_question_is_asked_twice() -> None:
    asked = [" ".join(words(record["question"])) for file in FILES for record in records(file)]
    assert [question for question in set(asked) if asked.count(question) > 1] == []


def test_there_are_enough_questions(questions: Questions) -> None:
    assert len(questions) >= 60


def test_every_answer_exists(questions: Questions, texts: Texts) -> None:
    assert [question for question, answers in questions.items() if not answers] == []
    named = {answer for answers in questions.values() for answer in answers}
    assert named - texts.keys() == set()


def test_a_question_is_a_sentence_of_6_to_25_words(questions: Questions) -> None:
    assert [asked for asked in questions if not 6 <= len(asked.split()) <= 25] == []
    assert [asked for asked in questions if not re.fullmatch(r"[A-Z].*[.?]", asked)] == []


def test_at_most_a_third_of_the_questions_name_a_component(questions: Questions) -> None:
    naming = [question for question in questions if IDENTIFIER.search(question)]
    assert len(naming) <= len(questions) / 3, naming


def test_no_question_repeats_three_words_of_an_answer(questions: Questions, texts: Texts) -> None:
    repeated = {
        question: common
        for question, answers in questions.items()
        for answer in answers
        if (common := trigrams(question) & trigrams(texts[answer]))
    }
    assert repeated == {}


def test_a_question_shares_few_content_words_with_its_closest_answer(
    questions: Questions, texts: Texts
) -> None:
    closest = {
        question: max(share(question, texts[answer]) for answer in answers)
        for question, answers in questions.items()
    }
    assert {question: value for question, value in closest.items() if value > 1 / 3} == {}
