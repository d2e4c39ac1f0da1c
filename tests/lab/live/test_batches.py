from omnilive_lab.live.batches import batch_of, parts_of

LENGTHS = [(7 * i) % 50 + 10 for i in range(50)]


def test_a_pass_takes_every_dialogue_once():
    seen = [i for step in range(12) for i in batch_of(LENGTHS, 4, 0, step)]
    assert len(seen) == len(set(seen)) == 48
    again = [i for step in range(12, 24) for i in batch_of(LENGTHS, 4, 0, step)]
    assert len(set(again)) == 48 and again != seen


def test_a_step_depends_on_seed_and_number_alone():
    assert batch_of(LENGTHS, 4, 3, 17) == batch_of(LENGTHS, 4, 3, 17)
    assert batch_of(LENGTHS, 4, 3, 17) != batch_of(LENGTHS, 4, 4, 17)


def test_lengths_of_a_batch_are_alike():
    spread = [max(ls) - min(ls) for step in range(12)
              if (ls := [LENGTHS[i] for i in batch_of(LENGTHS, 4, 0, step)])]  # fmt: skip
    assert sum(spread) / len(spread) < 10 < max(LENGTHS) - min(LENGTHS)


def test_more_than_there_is_in_a_batch_is_all_there_is():
    assert sorted(batch_of([5, 6, 7], 16, 0, 9)) == [0, 1, 2]


def test_parts_hold_their_tokens_with_padding():
    chosen = list(range(20))
    parts = parts_of(chosen, LENGTHS, 100)
    assert sorted(i for part in parts for i in part) == chosen
    assert all(len(part) * max(LENGTHS[i] for i in part) <= 100 for part in parts)
    assert [len(part) for part in parts_of(chosen, LENGTHS, 1)] == [1] * 20
