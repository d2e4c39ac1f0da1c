from omnilive.core.events import Answer, Evidence
from omnilive.memory.answers import log_answer
from omnilive.memory.dialogue import Exchange, exchanges, log_turn
from omnilive.memory.store import Store


def answered(store: Store, t: float, question: str, text: str) -> int:
    evidence = (Evidence(id=7, kind="object", start_s=1, end_s=2, text="red car"),)
    answer = Answer(
        session="s", t=t, question=question, text=text, evidence=evidence, supported=True, model="m"
    )
    return log_answer(store, answer)["seq"]


def user(store: Store, t: float, text: str, line: str = "a", **more: object) -> None:
    body = {"role": "user", "text": text, "start_s": t - 1, "end_s": t, "spoken": True}
    log_turn(store, t, {**body, "addressed": True, "line": line, **more})


def heard(store: Store, t: float, text: str, line: str = "a", **more: object) -> None:
    body = {"role": "assistant", "text": text, "start_s": t, "end_s": t + 2, "spoken": True}
    log_turn(store, t, {**body, "line": line, "interrupted": False, **more})


def told(store: Store, t: float = 100.0) -> list[tuple[str, str]]:
    return [(e.question, e.text) for e in exchanges(store, t)]


def test_typed_questions_need_no_turns(store: Store) -> None:
    answered(store, 10, "Who?", "Ana.")
    (exchange,) = exchanges(store, 20)
    assert (exchange.question, exchange.text, exchange.spoken) == ("Who?", "Ana.", None)
    assert exchange.evidence[0].text == "red car" and exchange.evidence[0].id == 7


def test_a_spoken_exchange_is_told_once(store: Store) -> None:
    user(store, 10, "Who was it?")
    seq = answered(store, 10, "Who was it", "Ana.")
    heard(store, 11, "Ana.", answer=seq)
    (exchange,) = exchanges(store, 20)
    assert exchange.question == "Who was it?" and exchange.spoken == (9, 10)
    assert exchange.evidence and not exchange.interrupted


def test_of_an_interrupted_answer_what_was_heard_counts(store: Store) -> None:
    user(store, 10, "Who?")
    seq = answered(store, 10, "Who?", "Ana and Bo and Cy.")
    heard(store, 11, "Ana and", answer=seq, interrupted=True)
    user(store, 20, "And what?")
    heard(store, 21, "A", interrupted=True, full_text="A car.")  # stopped before it was whole
    one, two = exchanges(store, 30)
    assert (one.text, one.full_text, one.interrupted) == ("Ana and", "Ana and Bo and Cy.", True)
    assert (two.question, two.text, two.full_text) == ("And what?", "A", "A car.")


def test_what_was_not_meant_for_the_assistant_is_left_out(store: Store) -> None:
    user(store, 5, "Pass me the salt.", addressed=False)
    heard(store, 6, "The bell rang.")  # said unasked
    user(store, 10, "Who?")
    heard(store, 11, "Ana.")
    assert told(store) == [("Who?", "Ana.")]


def test_two_lines_do_not_mix(store: Store) -> None:
    user(store, 10, "Who?", "a")
    user(store, 11, "Where?", "b")
    heard(store, 12, "Here.", "b")
    heard(store, 13, "Ana.", "a")
    assert told(store) == [("Where?", "Here."), ("Who?", "Ana.")]


def test_old_and_later_talk_is_left_out_and_the_newest_kept(store: Store) -> None:
    for i in range(30):
        answered(store, 100.0 * i, f"Q{i}", "A")
    assert [q for q, _ in told(store, 1000.0)] == [f"Q{i}" for i in range(4, 11)]
    assert [e.question for e in exchanges(store, 1000.0, recent_s=1e9, limit=2)] == ["Q9", "Q10"]
    assert exchanges(store, -5.0) == []


def test_an_exchange_has_little_that_is_needed() -> None:
    assert Exchange(t=1, question="Who?", text="Ana.").evidence == ()
