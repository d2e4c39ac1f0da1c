import pytest

from omnilive.core.events import Evidence
from omnilive.memory.dialogue import Exchange
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.finding import Finding, clock, moment, span
from omnilive.reasoning.prompt import as_messages, checked, full_prompt, short_prompt, within

COSTS = "The ticket costs 3 euros and 50 cents."
TRAIN = "The train to Oslo leaves at nine fifteen from platform four."


@pytest.mark.parametrize(
    ("reply", "note", "question", "kept"),
    [
        ("platform four", TRAIN, "Where does the train leave?", "Platform four"),
        ("  “nine fifteen.”\nMore chatter", TRAIN, "When does it leave?", "Nine fifteen"),
        ("NINE FIFTEEN", TRAIN, "When does it leave?", "NINE FIFTEEN"),
        ("3 euros and 50 cents", COSTS, "What does it cost?", "3 euros and 50 cents"),
        ("天气", "今天天气很好", "今天怎么样?", "天气"),
    ],
)
def test_a_copied_run_is_kept(reply: str, note: str, question: str, kept: str) -> None:
    assert checked(reply, note, question) == kept


@pytest.mark.parametrize(
    ("reply", "note", "question"),
    [
        ("50 cents", COSTS, "What does the ticket cost?"),  # the euros are gone
        ("costs 50 cents", COSTS, "What does the ticket cost?"),
        ("3 euros", COSTS, "What does the ticket cost?"),
        ("platform five", TRAIN, "Where does the train leave?"),  # made up
        ("Oslo platform four", TRAIN, "Where?"),  # copied, but no run
        ("fifteen nine", TRAIN, "When?"),
        ("The train", TRAIN, "Where does the train go?"),  # repeats the question
        (TRAIN, TRAIN, "Where does the train go?"),  # no shorter than the note
        ("", TRAIN, "Where?"),
        ("...", TRAIN, "Where?"),
        ("It leaves from platform four", TRAIN, "Where?"),
    ],
)
def test_anything_else_is_dropped(reply: str, note: str, question: str) -> None:
    assert checked(reply, note, question) == ""


def item(text: str, start_s: float) -> Evidence:
    return Evidence(id=1, kind="speech", start_s=start_s, end_s=start_s + 5, text=text)


def test_the_full_prompt_holds_rules_notes_in_order_and_pictures() -> None:
    earlier = as_messages([Exchange(t=5, question="Who?", text="Ana.")])
    finding = Finding(text="Two cars.")
    notes = [item("later", 70), item("sooner", 10)]
    prompt = full_prompt("How many?", 75.0, finding, notes, earlier, [b"jpeg"], "Be kind.")
    assert [m.role for m in prompt] == ["system", "user", "assistant", "user"]
    assert "Be kind." in prompt[0].text and prompt[2].text == "Ana."
    last = prompt[-1]
    assert last.images == (b"jpeg",)
    assert last.text.index("sooner") < last.text.index("later") < last.text.index("How many?")
    assert "0:10–0:15" in last.text and "1:15" in last.text and "Two cars." in last.text


def test_an_unsupported_finding_is_no_hint() -> None:
    finding = Finding(text="I have not seen that.", supported=False)
    assert "have not seen" not in full_prompt("Who?", 5, finding, [], (), ())[-1].text


def test_the_short_prompt_ends_with_the_note_and_the_question() -> None:
    last = short_prompt("Where?", TRAIN)[-1]
    assert last.role == "user" and TRAIN in last.text and last.text.endswith("Where?")


def test_times_as_people_read_them() -> None:
    assert [clock(t) for t in (-3, 0, 7.9, 754, 3723)] == [
        "0:00",
        "0:00",
        "0:07",
        "12:34",
        "1:02:03",
    ]
    assert moment(7.26) == "0:07 (7.3 s)" and span(7, 75) == "0:07–1:15"


def talk(*texts: str) -> list[Message]:
    roles = ("user", "assistant") * len(texts)
    return [Message(role=role, text=text) for role, text in zip(roles, texts, strict=False)]


def test_the_newest_of_the_dialogue_is_kept_within_the_budget() -> None:
    past = talk("a" * 400, "b" * 400, "c" * 40, "d" * 40)
    assert within(past, 1000) == past
    assert [m.text[0] for m in within(past, 60)] == ["c", "d"]
    assert within(past, 5) == [] and within([], 5) == []
    assert within(talk("问" * 50, "答" * 50), 60) == []  # a sign of Chinese is a token


def test_the_result_of_a_function_is_never_cut_off_from_its_question() -> None:
    call = ToolCall(name="f", arguments="{}", call_id="1")
    chain = [
        Message(role="user", text="w" * 900),
        Message(role="assistant", text="", tool_calls=(call,)),
        Message(role="tool", text="sunny", call_id="1"),
    ]
    assert within([*talk("old", "older"), *chain], 10) == chain
    prompt = full_prompt("", 5, Finding(text="-"), [item("a note", 3)], chain, ())
    assert prompt[-1].role == "tool" and "a note" in prompt[0].text
