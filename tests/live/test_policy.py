"""The decision to speak, worked out by hand."""

import pytest

from omnilive.live.policy import Look, Policy, PolicyConfig

NOW = PolicyConfig(pause_s=0.0, repeat_s=0.0)


def decisions(config: PolicyConfig, looks: list[Look]) -> list[bool]:
    policy = Policy(config)
    state = policy.init_state()
    return [policy.speaks(look, state) for look in looks]


@pytest.mark.parametrize(
    ("p_silent", "is_best", "speaks"),
    [
        (0.8, True, False),
        (0.725, True, False),  # published: only what is below theta loses its probability
        (0.724, True, True),
        (0.1, False, True),
    ],
)
def test_silence_needs_theta(p_silent: float, is_best: bool, speaks: bool):
    assert decisions(NOW, [Look(0.0, p_silent, is_best)]) == [speaks]


def test_with_a_low_theta_the_most_likely_token_decides():
    config = NOW.model_copy(update={"theta": 0.2})
    assert decisions(config, [Look(0.0, 0.3, False), Look(1.0, 0.3, True)]) == [True, False]


def test_theta_decays_with_each_silent_frame_and_begins_again_after_a_reply():
    config = NOW.model_copy(update={"kind": "decay", "theta": 0.5, "decay": 0.1, "lowest": 0.25})
    policy = Policy(config)
    state = policy.init_state()
    thetas = [policy.theta(n) for n in range(5)]
    assert thetas == pytest.approx([0.5, 0.4, 0.3, 0.25, 0.25])
    looks = [Look(float(t), 0.45, True) for t in range(3)]
    assert [policy.speaks(look, state) for look in looks] == [True, True, True]
    state.silent = 1
    assert not policy.speaks(looks[0], state)  # theta is 0.4 by now
    policy.ended(5.0, "There.", state)
    assert policy.speaks(Look(6.0, 0.45, True), state)


def test_a_decayed_theta_never_rises():
    policy = Policy(NOW.model_copy(update={"kind": "decay", "theta": 0.2, "lowest": 0.9}))
    assert policy.theta(0) == policy.theta(9) == 0.2


def test_the_second_head_decides_where_there_is_one():
    config = NOW.model_copy(update={"kind": "head", "theta": 0.6})
    looks = [Look(0.0, 0.99, True, p_speak=0.6), Look(1.0, 0.01, False, p_speak=0.59)]
    assert decisions(config, looks) == [True, False]


def test_no_remark_right_after_a_reply():
    policy = Policy(PolicyConfig(pause_s=1.0))
    state = policy.init_state()
    policy.ended(10.0, "A cup.", state)
    looks = [Look(t, 0.0, False) for t in (10.5, 10.9, 11.0)]
    assert [policy.speaks(look, state) for look in looks] == [False, False, True]


def test_a_repeat_is_kept_back_for_a_while():
    policy = Policy(PolicyConfig(repeat_s=10.0))
    state = policy.init_state()
    policy.ended(5.0, "The kettle boils.", state)
    assert policy.is_kept_back(" the kettle  boils", 14.9, state)
    assert not policy.is_kept_back("The kettle boils.", 15.0, state)
    assert not policy.is_kept_back("The kettle boils over.", 6.0, state)


def test_a_remark_is_held_only_while_it_may_be_a_repeat():
    policy = Policy(PolicyConfig(repeat_s=10.0))
    state = policy.init_state()
    policy.ended(5.0, "The kettle boils.", state)
    words = ["", "The", "The kettle boils", "The kettle boils over", "The cat"]
    held = [policy.may_be_kept_back(text, 6.0, state) for text in words]
    assert held == [True, True, True, False, False]


def test_no_reply_is_silence_in_words():
    policy = Policy(PolicyConfig(kind="text", no_reply="NO REPLY"))
    state = policy.init_state()
    assert policy.speaks(Look(0.0, 1.0, True), state)  # the model is asked at every frame
    assert policy.is_kept_back("No reply.", 0.0, state)
    assert policy.may_be_kept_back("NO R", 0.0, state)
    assert not policy.is_kept_back("No reply came.", 0.0, state)
    policy.withheld(0.0, state)
    assert not policy.speaks(Look(0.5, 1.0, True), state)


def test_an_empty_remark_is_none():
    policy = Policy(PolicyConfig())
    assert policy.is_kept_back(" ", 0.0, policy.init_state())
