from tests.commands.conftest import Shell
from tests.made import a_file, put, said


def kitchen(omnilive: Shell) -> None:
    store = omnilive.library.create("kitchen")
    store.put_source(a_file(kind="network", state="ended"))
    store.update_source(1, video_s=60.0, audio_s=60.0)
    put(store, said("the code is zanzibar", 10), said("hello", 30))
    store.append(
        11.0, "percept", {"kind": "speech", "start_s": 10, "end_s": 11, "text": "zanzibar"}
    )
    store.close()


def test_a_span_is_forgotten(omnilive: Shell) -> None:
    kitchen(omnilive)
    done = omnilive("forget", "kitchen", "--from", "5", "--to", "15", "--yes", "--json")
    assert done.status == 0, done.err
    (line,) = done.lines
    assert (line["type"], line["facts"], line["lines"], line["wiped"]) == ("forgotten", 1, 1, True)
    shown = omnilive("timeline", "kitchen", "--all", "--json").out
    assert "zanzibar" not in shown and '"type": "forgotten"' in shown
    files = [path for path in omnilive.library.root.rglob("*") if path.is_file()]
    assert not any(b"zanzibar" in path.read_bytes() for path in files)
    again = omnilive("forget", "kitchen", "--from", "20", "--to", "40", "-y")
    assert "forgot 0:20 to 0:40 of 'kitchen': 1 facts" in again.err and again.out == ""


def test_it_asks_first_and_says_what_is_wrong(omnilive: Shell) -> None:
    kitchen(omnilive)
    done = omnilive("forget", "kitchen", "--from", "5", "--to", "15")
    assert done.status == 2 and "add --yes" in done.err
    for wrong in (("15", "5"), ("x", "5"), ("100", "200")):
        done = omnilive("forget", "kitchen", "--from", wrong[0], "--to", wrong[1], "--yes")
        assert done.status == 2 and "Traceback" not in done.err
    assert omnilive("forget", "none", "--from", "1", "--to", "2", "-y").status == 2
    assert len(omnilive.library.open("kitchen").facts()) == 2
