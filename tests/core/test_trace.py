import pytest

from omnilive.core.trace import SpanTotals, Tracer


def test_spans_are_totalled_even_when_they_fail() -> None:
    totals, others = SpanTotals(), SpanTotals()
    tracer = Tracer(totals, others)
    with tracer.span("look"):
        pass
    with pytest.raises(KeyError), tracer.span("look"):
        raise KeyError
    assert totals.count == others.count == {"look": 2}
    assert 0 <= totals.max_s["look"] <= totals.sum_s["look"] < 1
