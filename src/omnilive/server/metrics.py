"""Prometheus text, written by hand."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from omnilive.server.hub import Hub
from omnilive.server.routing import FORBIDDEN, HubDep
from omnilive.server.totals import Totals

if TYPE_CHECKING:
    from omnilive.pipeline import Pipeline

router = APIRouter(tags=["health"])
Sample = tuple[str, float]  # labels in braces or nothing, value
_LAGS = ("video_s", "final_s", "partial_s", "stored_s")


@router.get("/metrics", response_class=PlainTextResponse, responses=FORBIDDEN)
async def metrics(hub: HubDep) -> PlainTextResponse:
    """Return the counters and gauges of this process; no names of sessions are told."""
    stored = len(await run_in_threadpool(hub.library.names))
    lines = "\n".join(line for block in _blocks(hub, stored) for line in block)
    return PlainTextResponse(lines + "\n", media_type="text/plain; version=0.0.4")


def _blocks(hub: Hub, stored: int) -> Iterator[Iterable[str]]:
    pipelines = [w.pipeline for r in hub.running.values() for w in r.watches.values()]
    sums = _sums(hub, pipelines)
    yield _block("sessions", "gauge", "Stored sessions.", [("", stored)])
    yield _block("sessions_running", "gauge", "Sessions open here.", [("", len(hub.running))])
    yield _block("sources_running", "gauge", "Sources watched here.", [("", len(pipelines))])
    yield _block("event_streams", "gauge", "Clients of event logs.", [("", hub.listener_count)])
    yield _block("calls", "gauge", "Callers connected here.", [("", len(hub.lines.open))])
    yield from _connections(hub)
    yield _block("frames_decoded_total", "counter", "Pictures decoded.", [("", sums.decoded)])
    yield _block("frames_perceived_total", "counter", "Pictures looked at.", [("", sums.perceived)])
    yield _block("frames_dropped_total", "counter", "Pictures lost.", [("", sums.dropped)])
    yield _block("audio_seconds_total", "counter", "Sound heard.", [("", sums.audio_s)])
    yield _block(
        "perception_lag_seconds", "gauge",
        "How far behind the stream things become known, of the worst source.",
        list(_lags(pipelines)),
    )  # fmt: skip
    names = sorted(sums.spans.count)
    counts = [(_label(span=name), float(sums.spans.count[name])) for name in names]
    sums_s = [(_label(span=name), sums.spans.sum_s[name]) for name in names]
    yield _block("spans_total", "counter", "Spans by name.", counts)
    yield _block("span_seconds_total", "counter", "Time in spans by name.", sums_s)


def _connections(hub: Hub) -> Iterator[list[str]]:
    """Yield how the connections of the callers are doing, those that know."""
    known = [line.connection.as_json() for line in hub.lines.open if line.connection]
    lost = sum(connection["packets_lost"] for connection in known)
    dropped = sum(connection["dropped"] for connection in known)
    trips_s = [c["round_trip_s"] for c in known if c["round_trip_s"] is not None]
    worst = [("", max(trips_s))] if trips_s else []
    yield _block("call_packets_lost", "gauge", "Packets of open calls that got lost.", [("", lost)])
    yield _block("call_frames_dropped", "gauge", "Coded frames not decoded.", [("", dropped)])
    yield _block("call_round_trip_seconds", "gauge", "Round trip of the worst call.", worst)


def _sums(hub: Hub, pipelines: list["Pipeline"]) -> Totals:
    sums = Totals()
    sums.merge(hub.past)
    for pipeline in pipelines:
        sums.add(pipeline)
    for running in hub.running.values():
        sums.add_spans(running.session.spans)
    return sums


def _lags(pipelines: list["Pipeline"]) -> Iterator[Sample]:
    for kind in _LAGS:
        each = [sorted(getattr(p.lags, kind)) for p in pipelines]
        each = [lags for lags in each if lags]
        for quantile in (0.5, 0.95):
            if each:
                worst = max(lags[int(quantile * (len(lags) - 1))] for lags in each)
                yield _label(of=kind.removesuffix("_s"), quantile=quantile), worst


def _label(**labels: object) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _block(name: str, type: str, text: str, samples: list[Sample]) -> list[str]:
    name = f"omnilive_{name}"
    values = [f"{name}{labels} {value:.10g}" for labels, value in samples]
    return [f"# HELP {name} {text}", f"# TYPE {name} {type}", *values]
