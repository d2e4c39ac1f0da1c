from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Prompt, Reply, Setup, Turn
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.quiz import Quiz
from omnilive_lab.evaluation.sampling import Picture, Policy
from omnilive_lab.models.base import Done, Refused, Sitting
from omnilive_lab.models.shown import Shown


class Eye:
    """Says how many pictures it is shown, and of when."""

    name, settings = "eye", {}

    def reply(self, prompt: Prompt, pictures: Sequence[Picture]) -> Reply:
        if "refuse" in prompt.text:
            raise Refused("too long")
        return Reply(text=" ".join(f"{picture.t:g}" for picture in pictures))

    def close(self) -> None:
        pass


class Polled(Quiz):
    """Asks each second until three pictures are seen; says in the prompt how many go with it."""

    def dialogue(
        self, item: Item, before: Sequence[Turn], setup: Setup
    ) -> Generator[Prompt, Reply, Reply]:
        for second in range(9):
            said = yield Prompt(text=f"{setup.frames} pictures, {item.question}", t=float(second))
            if len(said.text.split()) >= 3:
                return said
        return Reply()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenes = [Scene(0, 6, "red")]
    return write_film(tmp_path_factory.mktemp("film") / "f.mp4", scenes, size=(32, 32))


def sit(policy: str, benchmark: Quiz, *items: Item) -> list[Done]:
    shown = Shown(Eye(), Policy.parse(policy))
    return list(shown.sit(Sitting(items=items), benchmark, Setup(), {}))


def item(film: Path, question: str = "What?", **more) -> Item:
    return Item(id="i", clip=Clip(path=film), question=question, **more)


def test_nothing_after_the_question_is_shown(film: Path) -> None:
    done = sit("fps:1", Quiz(), item(film, t=2.5), item(film, t=99.0), item(film))
    assert [d.reply.text for d in done] == ["0 1 2", "0 1 2 3 4 5 6", "0 1 2 3 4 5 6"]
    assert sit("last:1", Quiz(), item(film, t=4.0))[0].reply.text == "3 4"


def test_a_dialogue_asks_until_it_has_its_answer(film: Path) -> None:
    done = sit("fps:1", Polled(), item(film, t=4.0))[0]
    assert done.reply.text == "0 1 2" and len(done.prompts) == 3
    assert done.prompts[0].text == "5 pictures, What?"
    assert sit("uniform:7", Polled(), item(film))[0].prompts[0].text.startswith("7 pictures")


def test_what_is_refused_or_missing_fails_alone(film: Path, tmp_path: Path) -> None:
    bad = item(tmp_path / "none.mp4")
    done = sit("fps:1", Quiz(), item(film, "refuse this"), bad, item(film, t=0.0))
    assert [bool(d.reply.error) for d in done] == [True, True, False]
    assert done[0].reply.error == "too long" and "none.mp4" in done[1].reply.error


class LastMinute(Quiz):
    """Asks about the minute before the question."""

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        return Prompt(text=item.question, t=item.t, since_s=(item.t or 0.0) - 60.0)


def test_a_question_about_what_comes_after_the_end_fails_alone(film: Path) -> None:
    done = sit("fps:1", LastMinute(), item(film, t=99.0), item(film, t=5.0))
    assert "is 6.0 s long, and the question is about what comes after 39.0 s" in done[0].reply.error
    assert done[1].reply.text == "0 1 2 3 4 5"


def test_pictures_cannot_be_heard(film: Path) -> None:
    with pytest.raises(ConfigError, match="--model laptop"):
        sit("fps:1", Quiz(), item(film, transcribe=True))
