"""A language model words the dialogues: against a server on this machine that misbehaves."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.endpoint import Endpoint, EndpointConfig, Failed
from omnilive_lab.live.filling import draft, fill, parse_lines
from omnilive_lab.live.styles import Part, Wording
from tests.lab.live.endpoint_server import KEY, Server, running

STEPS = Part((Span(2, 10, "cut bread"), Span(10, 22, "煎蛋")), (0.0, 30.0), goal="breakfast")


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


class Asker(Endpoint):
    """An endpoint whose pauses are written down and take no time."""

    def __init__(self, server: Server, cache: Path | None = None, **settings: Any) -> None:
        self.pauses: list[float] = []
        config = EndpointConfig(server.url, "tiny", api_key=KEY, **settings)
        super().__init__(config, cache, self.pauses.append)


def test_a_dialogue_is_asked_for_and_read(server: Server):
    asked = draft(STEPS, Wording(), random.Random(3))
    assert "2.00s-10.00s: cut bread\n10.00s-22.00s: 煎蛋" in asked.prompt
    asker = Asker(server)
    turns = fill(asked, asker.complete(asked.prompt, seed=5))
    assert [(t.t, t.role) for t in turns] == [(s.t, s.role) for s in asked.slots]
    assert {t.text for t in turns if t.role == "assistant"} == {"You do it well."}
    assert {t.kind for t in turns} >= {"remark"}
    body = server.bodies[0]
    assert (body["model"], body["temperature"], body["seed"]) == ("tiny", 0, 5)
    assert server.keys == [f"Bearer {KEY}"]
    asker.close()


def test_a_busy_endpoint_is_asked_again_after_longer_and_longer(server: Server):
    server.script = [503, 429, 0, 200]
    asker = Asker(server)
    assert asker.complete("x\n\ny") == "y"
    assert asker.pauses == [1.0, 2.0, 7.0, 4.0] or asker.pauses == [1.0, 7.0, 2.0, 4.0]
    assert asker.asked == 4
    asker.close()


def test_it_gives_up_on_one_and_goes_on_with_the_others(server: Server):
    server.script = [500] * 3 + [400, "", 200]
    asker = Asker(server, tries=3, concurrency=1)
    found = list(asker.run(["a", "b", "c", "d"], lambda job: asker.complete(f"x\n\n{job}")))
    assert found == [("a", None), ("b", None), ("c", None), ("d", "d")]
    assert asker.failures == {
        "gave up: status 500": 1, "refused: status 400": 1, "an empty answer": 1
    }  # fmt: skip
    asker.close()


def test_who_is_not_let_in_stops_at_once_and_the_key_is_never_told(
    server: Server, caplog: pytest.LogCaptureFixture
):
    server.script = [401]
    asker = Asker(server)
    with caplog.at_level("DEBUG"), pytest.raises(BackendError, match="answered 401") as caught:
        list(asker.run(["a", "b"], lambda job: asker.complete(job)))
    assert KEY not in str(caught.value) and "***" in str(caught.value)
    assert KEY not in caplog.text and KEY not in repr(asker.config)
    asker.close()


def test_answers_are_kept_and_a_torn_line_does_no_harm(server: Server, tmp_path: Path):
    cache = tmp_path / "deep" / "cache.jsonl"
    first = Asker(server, cache)
    assert [first.complete(f"x\n\n{i}") for i in range(3)] == ["0", "1", "2"]
    first.close()
    assert KEY not in cache.read_text()
    cache.write_bytes(cache.read_bytes()[:-9])  # as after a kill in the middle of a write
    second = Asker(server, cache)
    assert [second.complete(f"x\n\n{i}") for i in range(3)] == ["0", "1", "2"]
    assert (second.asked, second.cached, len(server.bodies)) == (1, 2, 4)
    second.close()
    third = Asker(server, cache)
    assert third.complete("x\n\n2") == "2" and third.asked == 0
    # Another model or seed is another question.
    assert third.complete("x\n\n2", seed=1) == "2" and third.asked == 1
    third.close()


def test_several_at_once_in_order_and_no_more_than_asked_for(server: Server):
    server.hold = threading.Barrier(3)
    asker = Asker(server, concurrency=3)
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for i in range(30):
            taken.append(i)
            yield i

    found = asker.run(jobs(), lambda job: asker.complete(f"x\n\n{job}"))
    assert next(found) == (0, "0")
    assert len(taken) <= 12  # the rest waits to be taken
    assert [job for job, _ in found] == list(range(1, 30))
    assert server.most_at_once == 3
    asker.close()


def test_lines_in_all_the_forms_that_models_write():
    text = (
        "Sure, here it is:\n```\n0.5s User: Hi\n**0.5s Assistant:** Hello\nand welcome\n"
        "[3.0s] Assistant: 你好\n  7 s User : really?\n7s Assistant:\n```"
    )
    assert parse_lines(text) == [
        (0.5, "user", "Hi"), (0.5, "assistant", "Hello and welcome"), (3.0, "assistant", "你好"),
        (7.0, "user", "really?"), (7.0, "assistant", ""),
    ]  # fmt: skip
    assert parse_lines("nothing of the kind\nUser: hi") == []


def test_what_is_not_the_dialogue_that_was_asked_for_fails():
    asked = draft(STEPS, Wording(queries=1), random.Random(1))
    t = asked.slots[0].t
    with pytest.raises(Failed, match="no line"):
        fill(asked, "I cannot help with that.")
    with pytest.raises(Failed, match="without an answer"):
        fill(asked, f"{t:g}s User: What?\n{t:g}s Assistant: ...")
    with pytest.raises(Failed, match="without an answer"):
        fill(asked, f"{t + 0.25:g}s Assistant: Late.")
    turns = fill(asked, f"{t:g}s User: Something else\n{t:g}s Assistant: Yes.\n99s User: more")
    assert [turn.text for turn in turns] == [asked.queries[t][1], "Yes."]


def test_an_address_that_is_none():
    with pytest.raises(ConfigError, match="no http"):
        Endpoint(EndpointConfig("ftp://user:secret@x", "m"))
