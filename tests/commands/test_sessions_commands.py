from tests.commands.conftest import Shell, Terminal


def test_list_shows_what_is_stored_and_what_is_damaged(omnilive: Shell, kitchen):
    broken = kitchen.root / "broken"
    broken.mkdir()
    (broken / "memory.db").write_bytes(b"no database at all" * 100)
    done = omnilive("sessions", "list")
    lines = done.out.splitlines()
    assert done.status == 0
    assert lines[0].split() == ["SESSION", "LENGTH", "MOMENTS", "SIZE", "MADE"]
    assert "broken" in lines[1] and "damaged: " in lines[1]
    assert lines[2].split()[:3] == ["kitchen", "0:20", "1"] or "0:16" in lines[2]
    listed = omnilive("sessions", "list", "--json").lines
    assert [line["id"] for line in listed] == ["broken", "kitchen"]


def test_an_empty_library_says_how_to_begin(omnilive: Shell):
    done = omnilive("sessions", "list")
    assert (done.status, done.out) == (0, "")
    assert "omnilive watch FILE" in done.err
    assert omnilive("sessions", "list", "--json").lines == []


def test_show_names_the_sources(omnilive: Shell, kitchen):
    assert "from 0:00: /videos/kitchen.mp4, ended" in omnilive("sessions", "show", "kitchen").out
    (line,) = omnilive("sessions", "show", "kitchen", "--json").lines
    assert line["sources"][0]["url"] == "/videos/kitchen.mp4"


def test_delete_asks_first(omnilive: Shell, kitchen):
    refused = omnilive("sessions", "delete", "kitchen")
    assert refused.status == 2 and "add --yes" in refused.err
    assert kitchen.names() == ["kitchen"]
    assert omnilive("sessions", "delete", "kitchen", "--yes").status == 0
    assert kitchen.names() == []
    assert omnilive("sessions", "delete", "kitchen", "--yes").status == 2


def test_delete_on_a_terminal_takes_no_for_an_answer(omnilive: Shell, kitchen):
    with Terminal(omnilive, "sessions", "delete", "kitchen") as terminal:
        terminal.type("n\n")
        while terminal.read():
            pass
    assert terminal.process.returncode == 130
    assert b"Delete 'kitchen' and all it remembers?" in terminal.seen
    assert kitchen.names() == ["kitchen"]


def test_export_and_import_give_the_same_session(omnilive: Shell, kitchen):
    assert omnilive("sessions", "export", "kitchen", "k.zip").status == 0
    assert omnilive("sessions", "import", "k.zip", "--name", "copy").status == 0
    there, copy = (omnilive("timeline", name, "--all") for name in ("kitchen", "copy"))
    assert there.out == copy.out != ""
    picture = "keyframes/1.jpg"
    folders = [kitchen.folder(name) for name in ("kitchen", "copy")]
    assert (folders[0] / picture).read_bytes() == (folders[1] / picture).read_bytes()


def test_export_and_import_refuse_what_would_overwrite(omnilive: Shell, kitchen):
    omnilive("sessions", "export", "kitchen", "k.zip")
    again = omnilive("sessions", "export", "kitchen", "k.zip")
    assert again.status == 2 and "k.zip exists already" in again.err
    twice = omnilive("sessions", "import", "k.zip")
    assert twice.status == 2 and "session 'kitchen' exists already" in twice.err
    missing = omnilive("sessions", "import", "nonesuch.zip")
    assert missing.status == 1 and "No such file" in missing.err
    unknown = omnilive("sessions", "export", "nowhere", "n.zip")
    assert unknown.status == 2 and "no session 'nowhere'" in unknown.err
