"""How much a session holds of each thing, beside its budget: what `omnilive memory show` tells."""

from typing import TYPE_CHECKING, Any

from omnilive.memory.control.pins import pins
from omnilive.memory.store import Store

if TYPE_CHECKING:
    from omnilive.memory.consolidation.budget import BudgetConfig
    from omnilive.memory.control.keeping import RecordingConfig

_LEVELS = {0: "moments", 1: "episodes", 2: "digests"}


def usage(store: Store, budget: "BudgetConfig", recording: "RecordingConfig") -> dict[str, Any]:
    """Return what is held, each with its budget, as JSON.

    `stands_for` is how many moments there were before anything was merged.
    """
    levels = store.rows("SELECT level, count(*), sum(size) FROM moment GROUP BY level")
    kinds = store.rows("SELECT kind, count(*) FROM fact GROUP BY kind ORDER BY kind")
    keyframes, keyframe_bytes = _files(store, "keyframe")
    count, recorded_bytes = _files(store, "segment")
    moments = sum(int(count) for _, count, _ in levels)
    held = {
        "moments": (moments, budget.moments),
        "facts": (sum(int(count) for _, count in kinds), budget.facts),
        "log_lines": (int(store.value("SELECT count(*) FROM log")), budget.log_lines),
        "bytes": (store.size(), budget.bytes),
        "keyframes": (keyframes, budget.keyframes),
        "keyframe_bytes": (keyframe_bytes, budget.keyframe_bytes),
        "recording_bytes": (recorded_bytes, recording.quota_bytes),
    }
    return {
        "duration_s": round(store.end_s(), 3),
        "held": {name: {"used": used, "budget": limit} for name, (used, limit) in held.items()},
        "levels": {_LEVELS.get(int(level), "digests"): int(count) for level, count, _ in levels},
        "stands_for": sum(int(size) for _, _, size in levels),
        "kinds": {str(kind): int(count) for kind, count in kinds},
        "segments": count,
        "pins": len(pins(store)),
        "forgotten": [[round(a, 3), round(b, 3)] for a, b in store.forgotten()],
    }


def _files(store: Store, table: str) -> tuple[int, int]:
    count, total = store.rows(f"SELECT count(*), coalesce(sum(bytes), 0) FROM {table}")[0]
    return int(count), int(total)
