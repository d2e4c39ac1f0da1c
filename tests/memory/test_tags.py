import itertools

from omnilive.memory.search.tags import HOUR_S, LONG, cover, tags


def shared(row: tuple[float, float], span: tuple[float, float]) -> bool:
    return bool(set(tags("speech", *row).split()) & set(cover(*span)))


def test_every_row_in_a_span_has_one_of_its_tags() -> None:
    times = [0.0, 10.0, HOUR_S - 1, HOUR_S, 23.5 * HOUR_S, 24 * HOUR_S, 70 * HOUR_S, 900 * HOUR_S]
    times += [2000.7 * HOUR_S, 3000.1 * HOUR_S]
    spans = [(a, b) for a, b in itertools.product(times, times) if a <= b]
    for row, span in itertools.product(spans, spans):
        if row[0] <= span[1] and row[1] >= span[0]:
            assert shared(row, span), (row, span)


def test_short_rows_outside_have_none() -> None:
    assert not shared((10 * HOUR_S, 10 * HOUR_S + 9), (11 * HOUR_S, 13 * HOUR_S))
    assert not shared((10 * HOUR_S, 10 * HOUR_S + 9), (8 * HOUR_S, 9.9 * HOUR_S))
    assert not shared((50 * HOUR_S, 50 * HOUR_S + 9), (0.0, 49.9 * HOUR_S))


def test_tags_are_few() -> None:
    assert tags("speech", 5.0, 9.0) == "kspeech th0 td0 tm0"
    assert LONG in tags("object", 0.0, 60 * HOUR_S).split()
    assert len(tags("object", 0.0, 1e9).split()) < 70
    assert len(cover(0.0, 365 * 24 * HOUR_S)) < 90
    assert cover(5 * HOUR_S + 1, 5 * HOUR_S + 2) == [LONG, "th5"]
    assert len(cover(-1e12, 1e12)) < 200_000
