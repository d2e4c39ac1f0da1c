from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import BackendError
from omnilive.reasoning.base import Message
from omnilive.reasoning.mind import Mind
from omnilive.session import Session
from omnilive_lab.bench.base import Clip, Item, Prompt, Setup, Turn, letters
from omnilive_lab.bench.choices import plain_question
from omnilive_lab.bench.quiz import Quiz
from omnilive_lab.evaluation.online import Exam
from omnilive_lab.models.base import Done, Sitting
from omnilive_lab.models.session import SessionExaminee
from tests.fakes import FAKE_CONFIG, FakeASR, fake_senses
from tests.story import write_long, write_short

ONLINE, OFFLINE = Setup(mode="online"), Setup(mode="offline")


class Open(Quiz):
    """Open questions at their times; `since_s` of the prompt from the item's meta."""

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        since_s = item.meta.get("since_s", 0.0)
        return Prompt(
            text=f"OFFICIAL {item.question}", plain=plain_question(item), t=item.t, since_s=since_s
        )


class FakeModel:
    """A trusted language model that keeps what it was shown and says what it is told to."""

    name, is_trusted, images, is_remote = "fake", True, 0, False

    def __init__(self, says: str) -> None:
        self.says, self.seen = says, []

    def stream(self, messages: list[Message], max_tok: int, tools: Any = ()) -> Iterator[str]:
        self.seen.append(messages)
        yield from self.says.replace(" ", " \0").split("\0")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_long(tmp_path_factory.mktemp("film") / "long.mkv")


def item(film: Path, id: str, question: str, t: float | None, **more: Any) -> Item:
    return Item(id=id, clip=Clip(path=film), question=question, t=t, **more)


def sit(
    items: Sequence[Item], *, model: FakeModel | None = None, online: bool = True, **more: Any
) -> tuple[list[Done], dict[str, Any]]:
    mind = Mind(FAKE_CONFIG)
    config = FAKE_CONFIG
    if model is not None:
        mind._model = model
        reasoning = config.reasoning.model_copy(update={"backend": "openai"})
        config = config.model_copy(update={"reasoning": reasoning})
        mind.config = config
    senses = more.pop("senses", None) or fake_senses()
    examinee = SessionExaminee("fake", config, online=online, senses=senses, mind=mind, **more)
    costs: dict[str, Any] = {}
    try:
        done = list(examinee.sit(Sitting(items=tuple(items)), Open(), ONLINE, costs))
    finally:
        examinee.close()
    return done, costs


def test_each_question_sees_what_came_before_it_and_nothing_later(film: Path) -> None:
    asks = [
        item(film, "early", "Has a bus been seen?", 5.0),
        item(film, "late", "Has a bus been seen?", 11.0),
        item(film, "end", "Has a bus been seen?", None),
        item(film, "said", "What was said?", 3.9),
    ]
    done, costs = sit(asks)
    replies = {d.item.id: d.reply for d in done}
    assert [d.item.id for d in done] == ["early", "late", "end", "said"]
    assert replies["early"].text.startswith("No")
    assert replies["late"].text.startswith("Yes") and replies["end"].text.startswith("Yes")
    assert "foxtrot" not in replies["said"].text and "delta" in replies["said"].text
    ends = {id: max((end for _, end in r.evidence), default=0) for id, r in replies.items()}
    assert ends["early"] <= 5.0 and ends["said"] <= 3.9 and ends["late"] > 9.0
    assert costs["frames"]["dropped"] == 0 and costs["clip_s"] == pytest.approx(12.0, abs=0.1)
    assert costs["store_bytes"] > 0 and costs["peak_rss_bytes"] > 10_000_000
    assert all(r.cost.total_s is not None and r.cost.lag_s is not None for r in replies.values())


def test_the_memory_of_a_clip_is_its_own(film: Path, tmp_path: Path) -> None:
    from tests.media.clips import write_clip

    blank = write_clip(tmp_path / "blank.mkv", seconds=2.0, audio=False, video_codec="ffv1")
    senses, mind = fake_senses(), Mind(FAKE_CONFIG)
    examinee = SessionExaminee("fake", FAKE_CONFIG, senses=senses, mind=mind)
    first = item(film, "a", "Has a bus been seen?", 11.0)
    second = item(blank, "b", "Has a bus been seen?", 1.5)
    said = []
    for one in (first, second):
        said += examinee.sit(Sitting(items=(one,)), Open(), ONLINE, {})
    examinee.close()
    assert [d.reply.text[:2] for d in said] == ["Ye", "No"]


def test_options_are_picked_by_the_words_of_the_answer(film: Path) -> None:
    ask = item(
        film, "q", "What was said first?", 4.0, labels=letters(3), answer="B",
        choices=("juliet", "alpha bravo charlie", "golf hotel"),
    )  # fmt: skip
    done, _ = sit([ask])
    assert done[0].reply.text == "B" and "bravo" in done[0].reply.data["said"]
    # A backend that only finds is asked the question alone: options are no part of what was seen.
    assert done[0].prompts[0].text == "What was said first?"


def test_a_language_model_is_shown_options_and_no_other_question(film: Path) -> None:
    model = FakeModel("It is C, surely")
    asks = [
        item(film, "a", "Which one?", 4.0, labels=letters(3), choices=("x", "y", "z"), answer="A"),
        item(film, "b", "And now?", 5.0),
    ]
    done, _ = sit(asks, model=model)
    assert done[0].reply.text == "C"
    first = "\n".join(message.text for message in model.seen[0])
    assert "A. x\nB. y\nC. z" in first and "letter of the right option" in first
    second = "\n".join(message.text for message in model.seen[1])
    assert "Which one?" not in second and "OFFICIAL" not in first + second


def test_questions_of_one_dialogue_know_each_other(film: Path) -> None:
    model = FakeModel("a car")
    asks = [item(film, id, f"Question {id}?", t, group="g") for id, t in (("a", 4.0), ("b", 5.0))]
    sit(asks, model=model)
    assert [m.text for m in model.seen[1] if m.role == "assistant"] == ["a car"]
    assert any(m.role == "user" and m.text == "Question a?" for m in model.seen[1])


def test_a_watch_is_pushed_and_never_told_when(film: Path) -> None:
    asks = [
        item(film, "bus", "Tell me when a bus appears", 1.0, push=True, answer="bus"),
        item(film, "late", "Tell me when a dog appears", 8.0, push=True),
        item(film, "odd", "zxqv brmpf", 0.0, push=True),
    ]
    done, _ = sit(asks)
    bus, late, odd = (d.reply for d in done)
    assert len(bus.alerts) == 1 and bus.alerts[0].at_s == pytest.approx(9.0, abs=0.6)
    assert 9.0 <= bus.alerts[0].t <= 11.0 and "bus" in bus.alerts[0].text
    assert late.alerts == ()  # the dog was there before the watch
    assert odd.alerts == () and "not_understood" in odd.data
    assert done[0].prompts[0].text == "Tell me when a bus appears"


def test_offline_a_question_gets_a_clip_of_its_own(film: Path) -> None:
    ask = item(film, "w", "What was said?", 8.5, meta={"since_s": 6.5})
    done, costs = sit([ask], online=False)
    assert "juliet" in done[0].reply.text and "delta" not in done[0].reply.text
    assert costs["clip_s"] == pytest.approx(2.0, abs=0.2)
    assert all(6.5 <= start <= 8.6 for start, _ in done[0].reply.evidence)


def test_offline_a_question_about_nothing_fails_alone(film: Path) -> None:
    late = item(film, "late", "What was said?", 990.0, meta={"since_s": 930.0})
    first = item(film, "first", "What was said?", 0.0, meta={"since_s": 0.0})
    good = item(film, "w", "What was said?", 8.5, meta={"since_s": 6.5})
    done, _ = sit([late, first, good], online=False)
    assert "the question is about what comes after 930.0 s" in done[0].reply.error
    assert done[1].reply.error and "juliet" in done[2].reply.text


def test_offline_too_a_watch_waits_for_what_comes(film: Path) -> None:
    ask = item(film, "bus", "Tell me when a bus appears", 1.0, push=True, answer="bus")
    done, _ = sit([ask], online=False)
    assert [alert.at_s for alert in done[0].reply.alerts] == [pytest.approx(9.0, abs=0.6)]


def test_at_live_pace_the_lags_are_those_of_a_user(tmp_path: Path) -> None:
    clip = write_short(tmp_path / "short.mkv")
    done, costs = sit([item(clip, "a", "Has a car been seen?", 1.5)], pace="live")
    assert done[0].reply.text.startswith("Yes")
    assert 2.5 < costs["wall_s"] < 30 and costs["speed_x"] < 1.2
    assert costs["picture_lag_s"] >= 0 and costs["speech_lag_s"] >= 0


def test_sound_is_transcribed(film: Path) -> None:
    done, _ = sit([item(film, "s", "", None, transcribe=True)])
    assert done[0].reply.text.startswith("alpha bravo charlie delta echo foxtrot")
    assert done[0].reply.text.endswith("bravo delta foxtrot")


def test_percepts_go_to_a_language_model_as_text(film: Path) -> None:
    model = FakeModel("Best")
    done, _ = sit([item(film, "p", "Which?", 4.0)], model=model, from_notes=True)
    assert done[0].reply.text == "Best"
    shown = model.seen[0][-1].text
    assert "speech: alpha bravo charlie" in shown and "car" in shown and "OFFICIAL Which?" in shown
    assert "from 0.0 on, object: " in shown
    assert "foxtrot" not in shown and "bus" not in shown


@pytest.mark.parametrize("damage", ["missing", "nonsense"])
def test_a_clip_that_cannot_be_played_fails_its_items_only(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "v.mp4"
    if damage == "nonsense":
        path.write_bytes(bytes(range(256)) * 40)
    done, _ = sit([item(path, "x", "What?", 1.0), item(path, "y", "What?", 2.0)])
    assert [bool(d.reply.error) for d in done] == [True, True]
    assert "v.mp4" in done[0].reply.error


def test_what_was_answered_before_a_clip_broke_counts(film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    asks = [item(cut, "a", "Has a car been seen?", 1.5), item(cut, "b", "What was said?", 11.5)]
    done, _ = sit(asks)
    assert done[0].reply.text.startswith("Yes") and not done[0].reply.error
    assert done[1].reply.error or done[1].reply.text


def test_a_model_that_is_out_of_order_stops_the_run(film: Path) -> None:
    class Broken(FakeASR):
        def transcribe(self, pcm: Any, *, quick: bool = False) -> Any:
            raise BackendError("the model is gone")

    with pytest.raises(BackendError, match="gone"):
        sit([item(film, "a", "What was said?", 11.0)], senses=fake_senses(asr=Broken()))


def test_the_exam_hides_nothing_of_the_session() -> None:
    shared = set(vars(Exam)) & set(vars(Session))
    assert {name for name in shared if not name.startswith("__")} == {"ask"}
