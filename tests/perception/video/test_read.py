from collections.abc import Sequence

from omnilive.core.events import Percept, VideoFrame
from omnilive.perception.continuation import Continuation
from omnilive.perception.video.base import Box, TextLine
from omnilive.perception.video.read import ReadConfig, Reader, ReadState
from tests.fakes import FakeReader
from tests.story import Shot, draw

PLAIN, CARD = Shot(0, 60), Shot(0, 60, (), "WELCOME ABOARD")
OTHER = Shot(0, 60, (), "EXIT ON THE LEFT")


class LinesReader:
    """Reads the same lines in every picture."""

    def __init__(self, lines: Sequence[TextLine]) -> None:
        self._lines = list(lines)

    def read(self, rgb: object) -> list[TextLine]:
        return list(self._lines)


def watch(
    shots: Sequence[Shot],
    model: FakeReader | LinesReader,
    state: ReadState | None = None,
    cuts: Sequence[int] = (),
) -> list[Percept]:
    """One picture a second."""
    reader = Reader(ReadConfig(), model)
    state = state or reader.init_state()
    out: list[Percept] = []
    for i, shot in enumerate(shots):
        out += reader.step(VideoFrame(t=float(i), rgb=draw(shot)), i in cuts, state)
    return out + reader.end(state)


def test_a_text_appears_and_goes_with_the_same_id() -> None:
    found = watch([PLAIN] * 3 + [CARD] * 4 + [PLAIN] * 4, FakeReader())
    assert [(p.text, p.final, p.data["event"]) for p in found] == [
        ("WELCOME ABOARD", False, "appeared"),
        ("WELCOME ABOARD", True, "gone"),
    ]
    assert found[0].data["id"] == found[1].data["id"] == "text0"
    assert (found[1].start_s, found[1].end_s) == (3.0, 6.0)


def test_a_still_picture_is_not_read_again_and_its_text_lasts() -> None:
    model = FakeReader()
    found = watch([CARD] * 12, model)
    assert model.read_count == 1
    assert (found[-1].start_s, found[-1].end_s) == (0.0, 11.0)


def test_a_cut_is_read_at_once() -> None:
    found = watch([CARD, OTHER, OTHER], FakeReader(), cuts=(1,))
    assert [(p.text, p.start_s, p.end_s) for p in found if p.final] == [
        ("WELCOME ABOARD", 0.0, 1.0),
        ("EXIT ON THE LEFT", 1.0, 2.0),
    ]


def test_lines_that_stand_together_are_one_text() -> None:
    lines = [
        TextLine("Maria Silva", 0.97, Box(0.1, 0.1, 0.5, 0.2)),
        TextLine("Chief Pilot", 0.95, Box(0.1, 0.22, 0.5, 0.3)),
        TextLine("CHANNEL 4", 0.99, Box(0.7, 0.8, 0.9, 0.9)),
    ]
    texts = {p.text: p.confidence for p in watch([PLAIN], LinesReader(lines)) if p.final}
    assert texts == {"Maria Silva Chief Pilot": 0.95, "CHANNEL 4": 0.99}


def test_specks_are_no_text() -> None:
    specks = [TextLine(text, 0.99, Box(0.1, 0.1, 0.2, 0.2)) for text in (".", "-", "I", "'")]
    assert watch([PLAIN] * 3, LinesReader(specks)) == []


def test_numbers_go_on_after_a_break() -> None:
    reader = Reader(ReadConfig(), FakeReader())
    state = reader.init_state(Continuation(next_number=12))
    assert {p.data["id"] for p in watch([CARD] * 2, FakeReader(), state)} == {"text12"}
