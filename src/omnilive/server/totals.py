"""What the sources that are over have amounted to, so that counters never run backwards."""

from typing import TYPE_CHECKING

from omnilive.core.trace import SpanTotals

if TYPE_CHECKING:
    from omnilive.pipeline import Pipeline


class Totals:
    """Sums of frames and spans."""

    def __init__(self) -> None:
        self.decoded = self.perceived = self.dropped = 0
        self.audio_s = 0.0
        self.spans = SpanTotals()

    def add(self, pipeline: "Pipeline") -> None:
        """Add the counts of one source."""
        self.decoded += pipeline.source.decoded
        self.perceived += pipeline.progress.looked
        self.dropped += pipeline.dropped
        self.audio_s += pipeline.audio_s

    def merge(self, other: "Totals") -> None:
        """Add the sums of another."""
        self.decoded += other.decoded
        self.perceived += other.perceived
        self.dropped += other.dropped
        self.audio_s += other.audio_s
        self.add_spans(other.spans)

    def add_spans(self, spans: SpanTotals) -> None:
        """Add the spans of one session."""
        mine = self.spans
        for name, count in list(spans.count.items()):
            mine.count[name] = mine.count.get(name, 0) + count
            mine.sum_s[name] = mine.sum_s.get(name, 0.0) + spans.sum_s[name]
            mine.max_s[name] = max(mine.max_s.get(name, 0.0), spans.max_s[name])
