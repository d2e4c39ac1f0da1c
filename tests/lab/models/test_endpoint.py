import base64

import numpy as np
import pytest

from omnilive.core.errors import BackendError
from omnilive_lab.bench.base import Prompt
from omnilive_lab.evaluation.sampling import Picture
from omnilive_lab.models.base import Refused
from omnilive_lab.models.endpoint import REFUSALS, Endpoint
from tests.lab.models.loopback import served

PROMPT = Prompt(text="Which?\nA. x\nB. y", system="Look.", prefill="Best Option: (")
PICTURES = [Picture(t, np.full((40, 60, 3), 10 * i, np.uint8)) for i, t in enumerate((0.0, 1.0))]


def test_prompt_and_pictures_arrive_as_the_interface_wants_them() -> None:
    with served("B. it is") as (asked, config):
        viewer = Endpoint(config, max_side_px=30)
        reply = viewer.reply(PROMPT, PICTURES)
        viewer.close()
    assert reply.text == "B. it is" and reply.cost.first_token_s is not None
    system, user = asked[0]["messages"]
    assert system == {"role": "system", "content": "Look."}
    text, *images = user["content"]
    assert text["text"] == "Which?\nA. x\nB. y\nBest Option: (" and len(images) == 2
    head, _, data = images[0]["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64" and base64.b64decode(data).startswith(b"\xff\xd8")
    assert asked[0]["temperature"] == 0 and asked[0]["max_tokens"] == config.max_answer_tok


@pytest.mark.parametrize("trouble", [500, 503, 429, "", b"", b"data: {nonsense\n\n", b"\xff\xfe"])
def test_what_may_pass_is_tried_again(trouble: str | int | bytes) -> None:
    slept: list[float] = []
    with served(trouble, trouble, "A") as (asked, config):
        viewer = Endpoint(config, pause=slept.append)
        assert viewer.reply(PROMPT, ()).text == "A"
        viewer.close()
    assert len(asked) == 3 and slept == [2.0, 4.0]


def test_an_endpoint_that_hangs_is_given_up_in_time() -> None:
    with served(None, timeout_s=0.3) as (asked, config):
        viewer = Endpoint(config, tries=2, pause=lambda s: None)
        with pytest.raises(BackendError, match="no answer from"):
            viewer.reply(PROMPT, ())
        viewer.close()
    assert len(asked) == 2


def test_an_empty_answer_counts_in_the_end() -> None:
    with served("") as (asked, config):
        viewer = Endpoint(config, tries=3, pause=lambda s: None)
        assert viewer.reply(PROMPT, ()).text == ""
        viewer.close()
    assert len(asked) == 3


def test_one_prompt_that_is_refused_is_no_reason_to_stop() -> None:
    with served(400, "A", 413) as (asked, config):
        viewer = Endpoint(config, pause=lambda s: None)
        with pytest.raises(Refused, match="answered 400"):
            viewer.reply(PROMPT, ())
        assert viewer.reply(PROMPT, ()).text == "A"
        for _ in range(REFUSALS - 1):
            with pytest.raises(Refused):
                viewer.reply(PROMPT, ())
        with pytest.raises(BackendError, match="answered 413"):
            viewer.reply(PROMPT, ())
        viewer.close()
    assert len(asked) == 2 + REFUSALS  # none of them was asked twice


def test_a_wrong_key_stops_at_once() -> None:
    with served(401) as (asked, config):
        viewer = Endpoint(config, pause=lambda s: None)
        with pytest.raises(BackendError, match="api_key"):
            viewer.reply(PROMPT, ())
        viewer.close()
    assert len(asked) == 1


def test_nobody_there_is_told_with_the_remedy() -> None:
    with served("A") as (_, config):
        pass
    viewer = Endpoint(config, tries=2, pause=lambda s: None)
    with pytest.raises(BackendError, match="is the server"):
        viewer.reply(PROMPT, ())
    viewer.close()
    assert "sesame" not in str(viewer.settings)
