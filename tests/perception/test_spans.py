from omnilive.perception.spans import Span, SpanFollower, alike

Found = list[tuple[str, float]]


def follower() -> SpanFollower:
    return SpanFollower(confirm=2, patience=2, sure=0.9, likeness=0.8)


def follow(looks: list[Found], cuts: tuple[int, ...] = ()) -> tuple[list[Span], list[Span]]:
    """One look a second; return all that began and all that ended, end() not included."""
    spans = follower()
    state = spans.init_state()
    began: list[Span] = []
    ended: list[Span] = []
    for t, found in enumerate(looks):
        new, over = spans.step(float(t), found, state, is_cut=t in cuts)
        began, ended = began + new, ended + over
    return began, ended


def test_a_sure_text_begins_at_once_and_ends_after_patience() -> None:
    began, ended = follow([[("EXIT", 0.95)]] * 3 + [[]] * 3)
    assert [s.text for s in began] == ["EXIT"]
    assert [(s.first_t, s.last_t) for s in ended] == [(0.0, 2.0)]


def test_a_doubtful_text_needs_two_looks() -> None:
    assert follow([[("EXIT", 0.6)]])[0] == []
    began, _ = follow([[("EXIT", 0.6)]] * 2)
    assert [(s.text, s.first_t) for s in began] == [("EXIT", 0.0)]


def test_one_miss_is_forgiven() -> None:
    began, ended = follow([[("EXIT", 0.95)], [], [("EXIT", 0.95)], [], [("EXIT", 0.95)]])
    assert len(began) == 1 and ended == []


def test_a_letter_misread_is_the_same_text_and_the_best_reading_wins() -> None:
    readings = [("WELC0ME ABOARD", 0.91), ("WELCOME ABOARD", 0.98), ("welcome aboard", 0.92)]
    began, ended = follow([[r] for r in readings] + [[]] * 2)
    assert len(began) == 1
    assert [s.text for s in ended] == ["WELCOME ABOARD"]


def test_another_text_is_another_span() -> None:
    began, ended = follow([[("EXIT", 0.95)]] * 2 + [[("TICKETS", 0.95)]] * 2)
    assert [s.text for s in began] == ["EXIT", "TICKETS"]
    assert [s.number for s in began] == [0, 1]
    assert [s.text for s in ended] == ["EXIT"]


def test_the_same_text_twice_in_one_look_is_two() -> None:
    began, _ = follow([[("EXIT", 0.95), ("EXIT", 0.95)]] * 3)
    assert len(began) == 2


def test_a_cut_ends_what_is_not_found_again_and_it_lasted_until_then() -> None:
    looks = [[("EXIT", 0.95), ("GATE 7", 0.95)]] * 2 + [[("GATE 7", 0.95)]]
    began, ended = follow(looks, cuts=(2,))
    assert len(began) == 2
    assert [(s.text, s.last_t) for s in ended] == [("EXIT", 2.0)]


def test_a_cut_does_not_prolong_what_had_been_missed() -> None:
    looks: list[Found] = [[("EXIT", 0.95)], [], []]
    assert [s.last_t for s in follow(looks, cuts=(2,))[1]] == [0.0]


def test_end_returns_only_what_had_begun() -> None:
    spans = follower()
    state = spans.init_state()
    spans.step(0.0, [("SURE", 0.95), ("unsure thing", 0.5)], state)
    assert [s.text for s in spans.end(state)] == ["SURE"]
    assert spans.end(state) == []


def test_alike_ignores_case_and_spaces() -> None:
    assert alike("Gate 7", "GATE7") == 1.0
    assert alike("gate seven", "tickets") < 0.5
    assert alike("", "") == 1.0
