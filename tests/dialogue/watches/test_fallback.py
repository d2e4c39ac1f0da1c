"""What a language model makes of a sentence is checked as strictly as everything else."""

import asyncio
import json

import pytest

from omnilive.core.errors import BackendError
from omnilive.dialogue.watches.fallback import ask_model
from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.outcome import Reply, Understood
from omnilive.reasoning.base import Message

pytestmark = pytest.mark.anyio
KNOWN = Known()
OWN = Reply(code="unclear", text="I find nothing to watch for.")
DOG = {"what": {"kind": "object", "labels": ["dog"], "event": "leaves"}}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


async def read(said: str, timeout_s: float = 5.0) -> Understood | Reply:
    async def complete(messages: list[Message], max_tok: int) -> str:
        assert "dog" in messages[0].text and messages[1].text == "the hound is off"
        if said == "slow":
            await asyncio.sleep(60)
        if said == "broken":
            raise BackendError("no such model")
        return said

    return await ask_model("the hound is off", OWN, KNOWN, complete, timeout_s)


@pytest.mark.parametrize("around", ["%s", "Sure!\n```json\n%s\n```\nThere you are."])
async def test_a_valid_rule_is_taken_and_marked(around: str) -> None:
    got = await read(around % json.dumps(DOG))
    assert isinstance(got, Understood) and got.by == "language model" and got.notes
    assert got.rule.what.labels == ("dog",) and got.rule.text == "the hound is off"


NONSENSE = ["", "no idea", "{", "[1]", '{"what": 5}', "{}", "slow", "broken", "{" * 5000]
NONSENSE += ['{"what": {"kind": "object", "labels": "dog"}}']


@pytest.mark.parametrize("said", NONSENSE)
async def test_nonsense_leaves_the_own_reply(said: str) -> None:
    assert await read(said, timeout_s=0.2 if said == "slow" else 5.0) == OWN


async def test_what_cannot_be_perceived_is_refused_all_the_same() -> None:
    got = await read('{"what": {"kind": "object", "labels": ["unicorn"]}}')
    assert isinstance(got, Reply) and got.code == "unseen"


async def test_its_question_is_passed_on() -> None:
    got = await read('{"question": "Which dog?"}')
    assert isinstance(got, Reply) and got.text.endswith("Which dog?") and got.code == "unclear"


async def test_it_cannot_choose_whom_to_tell() -> None:
    evil = {**DOG, "to": [{"kind": "webhook", "url": "http://evil.example"}], "check": True}
    got = await read(json.dumps(evil))
    assert isinstance(got, Understood)
    assert [target.kind for target in got.rule.to] == ["voice", "page"] and not got.rule.check
