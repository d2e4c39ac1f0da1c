from dataclasses import replace

import pytest

from omnilive.memory.resume import plan_watch
from omnilive.memory.store import Store
from tests.made import a_file, percept, said, thing

WALL_S = 2e9


def begun(store: Store, **progress: float) -> int:
    source = store.put_source(a_file())
    store.update_source(source, **progress)
    return source


def test_the_first_source_begins_at_zero(store: Store) -> None:
    plan = plan_watch(store, "/clips/a.mp4", "file", WALL_S)
    assert (plan.offset_s, plan.start_s, plan.resumes) == (0.0, 0.0, None)
    assert plan.continuation.next_number == 0 and plan.continuation.objects == ()


def test_the_next_file_follows_the_last(store: Store) -> None:
    begun(store, state="ended", video_s=60.0, audio_s=59.0)
    plan = plan_watch(store, "/clips/b.mp4", "file", WALL_S)
    assert (plan.offset_s, plan.moment_s, plan.resumes) == (60.0, 60.0, None)


def test_a_file_that_was_watched_to_its_end_is_watched_anew(store: Store) -> None:
    begun(store, state="ended", video_s=60.0, audio_s=59.0)
    plan = plan_watch(store, "/clips/a.mp4", "file", WALL_S)
    assert plan.resumes is None and plan.offset_s == 60.0


@pytest.mark.parametrize("state", ["watching", "interrupted", "failed", "stalled"])
def test_an_interrupted_file_goes_on(store: Store, state: str) -> None:
    source = begun(store, state=state, video_s=20.0, audio_s=18.0)
    store.put_fact(f"{source}:0.00:object0", thing("car", "red", 5, 20, final=False, id="object0"))
    store.put_fact(f"{source}:0.00:text1", percept("text", "EXIT", 6, 20, final=False, id="text1"))
    store.put_fact(f"{source}:0.00:speech2", said("kept", 15.0, id="speech2"))
    store.put_fact(f"{source}:0.00:speech3", said("lost half", 18.5, id="speech3"))
    store.put_fact(f"{source}:0.00:object4", thing("bus", "red", 20.5, 21, final=False))
    half = percept("speech", "half of it", 17.9, 19, final=False, id="speech5")
    store.put_fact(f"{source}:0.00:speech5", half)
    store.put_fact(f"{source}:0.00:object57", thing("dog", "brown", 1, 3, id="object57"))
    store.put_moment(0, 16, "red car")
    plan = plan_watch(store, "/clips/a.mp4", "file", WALL_S)
    assert (plan.resumes, plan.offset_s, plan.start_s) == (source, 0.0, 18.0)
    assert (plan.video_s, plan.audio_s, plan.moment_s) == (20.0, 18.0, 16.0)
    assert [o.data["id"] for o in plan.continuation.objects] == ["object0"]
    assert plan.continuation.next_number == 58  # most tracks are never shown, but have numbers
    assert [(f.text, f.open) for f in store.facts()] == [
        ("brown dog", False),
        ("red car", True),
        ("EXIT", False),
        ("kept", False),
    ]


def test_what_a_stop_has_ended_is_in_view_again(store: Store) -> None:
    source = begun(store, state="interrupted", video_s=20.0, audio_s=18.0)
    for number, fact in enumerate(
        [
            thing("car", "red", 5, 23.5, id="object0"),  # ended by the stop
            thing("dog", "brown", 5, 17, id="object1"),  # had left before
            percept("text", "EXIT", 6, 23, id="text2"),
            percept("sound", "music", 6, 23, id="sound3"),
        ]
    ):
        store.put_fact(f"{source}:0.00:{number}", fact)
    plan = plan_watch(store, "/clips/a.mp4", "file", WALL_S)
    assert [(o.data["id"], o.end_s) for o in plan.continuation.objects] == [("object0", 20.0)]
    assert {f.text: (f.end_s, f.open) for f in store.facts()} == {
        "red car": (20.0, True),
        "brown dog": (17.0, False),
        "EXIT": (20.0, False),
        "music": (18.0, False),
    }


def test_before_any_progress_all_is_begun_again(store: Store) -> None:
    source = begun(store, state="interrupted")
    store.put_fact(f"{source}:0.00:object0", thing("car", "red", 0, 0, final=False, id="object0"))
    plan = plan_watch(store, "/clips/a.mp4", "file", WALL_S)
    assert (plan.resumes, plan.start_s) == (source, 0.0)
    assert plan.video_s < 0 and plan.audio_s < 0  # so that the first picture is not left out
    assert store.facts() == [] and plan.continuation.next_number == 0


def test_a_file_without_sound_goes_on_by_its_pictures(store: Store) -> None:
    source = store.put_source(a_file(has_audio=False))
    store.update_source(source, state="interrupted", video_s=20.0)
    assert plan_watch(store, "/clips/a.mp4", "file", WALL_S).start_s == 20.0


def test_a_relative_path_is_the_same_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(store, state="interrupted", video_s=20.0, audio_s=20.0)
    monkeypatch.chdir("/")
    assert plan_watch(store, "clips/a.mp4", "file", WALL_S).resumes is not None


def test_a_stream_begins_where_the_wall_clock_is_and_names_the_gap(store: Store) -> None:
    created_s = float(store.meta()["created_wall_s"])
    store.put_source(a_file("rtsp://cam/1", kind="network", state="ended"))
    store.put_fact("k", thing("car", "red", 0, 60, final=False))
    plan = plan_watch(store, "rtsp://cam/1", "network", created_s + 100)
    assert plan.resumes is None
    assert (plan.offset_s, plan.gap_s) == pytest.approx((100.0, 40.0))
    assert not any(f.open for f in store.facts())


def test_a_stream_never_begins_in_the_past(store: Store) -> None:
    created_s = float(store.meta()["created_wall_s"])
    begun(store, state="ended", video_s=500.0)  # a file, watched faster than it plays
    plan = plan_watch(store, "rtsp://cam/1", "network", created_s + 10)
    assert (plan.offset_s, plan.gap_s) == (500.0, 0.0)


def test_a_pushed_source_joins_at_the_time_on_the_wall_and_never_resumes(
    store: Store,
) -> None:
    created_s = float(store.meta()["created_wall_s"])
    first = plan_watch(store, "push:a", "push", created_s + 5.0)
    assert (first.offset_s, first.moment_s, first.gap_s) == (5.0, 5.0, 0.0)
    store.put_source(
        replace(a_file(), url="push:a", kind="push", offset_s=5.0, state="interrupted")
    )
    beside = plan_watch(store, "push:a", "push", created_s + 65.0, is_running=True)
    assert (beside.offset_s, beside.gap_s, beside.resumes) == (65.0, 0.0, None)
    later = plan_watch(store, "push:a", "push", created_s + 65.0)
    assert (later.offset_s, later.resumes) == (65.0, None) and later.gap_s > 0
