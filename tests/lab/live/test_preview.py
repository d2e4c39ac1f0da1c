"""The page: everything escaped, nothing loaded, and it plays in a browser."""

import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import Turn, write_samples
from omnilive_lab.live.preview import as_page, write_preview
from omnilive_lab.live.robustness import noise, write_video
from tests.lab.live.test_dialogue import sample

EVIL = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>\u2028&amp;"
CHROMIUM = shutil.which("chromium")


def page_data(path: Path) -> dict:  # type: ignore[type-arg]
    html = path.read_text()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


def test_a_sample_as_the_page_sees_it():
    said = [
        Turn(role="user", t=1, text="Narrate."), Turn(role="assistant", t=2.2, text="a", wait=2),
        Turn(role="assistant", t=2.4, text="b", wait=False), Turn(role="assistant", t=4, text="c"),
    ]  # fmt: skip
    made = as_page(sample(*said, wait=False))
    assert [turn["frame"] for turn in made["turns"]] == [2, None, 5, 8]
    assert made["runs"] == [[3, 0], [3, 3], [3, 0], [11, 11]]


def test_nothing_of_a_text_becomes_part_of_the_page(tmp_path: Path):
    path, page = tmp_path / "a.jsonl", tmp_path / "sub" / "a.html"
    write_samples(path, [sample(Turn(role="user", t=0, text=EVIL), id=EVIL, source=EVIL)])
    write_preview(path, page)
    assert page_data(page)["samples"][0]["turns"][0]["text"] == EVIL
    html = page.read_text()
    assert html.count("</script>") == 2 and "\u2028" not in html and "<img" not in html
    assert not re.search(r"https?://", html)


def test_videos_go_into_the_page_while_they_fit_then_are_linked(tmp_path: Path):
    for name in ("a b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"0" * 100)
    path, page = tmp_path / "s.jsonl", tmp_path / "out" / "p.html"
    names = ["c.mp4", "a b.mp4", "c.mp4", "gone.mp4"]
    write_samples(path, [sample(id=str(i), video=name) for i, name in enumerate(names)])
    shown = write_preview(path, page, embed_bytes=150)
    assert (shown.samples, shown.embedded, shown.linked, shown.missing) == (4, 1, 1, 1)
    videos = page_data(page)["videos"]
    assert videos["c.mp4"].startswith("data:video/mp4;base64,MDAw")
    assert (videos["a b.mp4"], videos["gone.mp4"]) == ("../a%20b.mp4", "")


def test_the_first_few_of_many(tmp_path: Path):
    path, page = tmp_path / "s.jsonl", tmp_path / "p.html"
    write_samples(path, [sample(id=str(i)) for i in range(5)])
    assert write_preview(path, page, most=3).samples == 3
    assert page_data(page)["is_cut"] is True


def test_an_empty_or_broken_file_is_an_error(tmp_path: Path):
    path = tmp_path / "s.jsonl"
    path.write_text("")
    with pytest.raises(ConfigError, match="no sample"):
        write_preview(path, tmp_path / "p.html")
    path.write_text('{"id": ')
    with pytest.raises(ConfigError, match="line 1"):
        write_preview(path, tmp_path / "p.html")


SCRIPT = """
import { chromium } from "playwright";
import { launchOptions } from "./e2e/chromium.js";
const browser = await chromium.launch(launchOptions);
const page = await browser.newPage({ viewport: { width: 1300, height: 800 } });
const wrong = [];
page.on("pageerror", (error) => wrong.push(String(error)));
page.on("console", (line) => { if (line.type() === "error") wrong.push(line.text()); });
page.on("dialog", (dialog) => { wrong.push("dialog"); dialog.dismiss(); });
await page.goto("file://" + process.env.PAGE);
const now = () => page.locator(".turn.now .text").allTextContents();
const found = { title: await page.title() };
found.first = await page.locator(".turn .text").first().textContent();
await page.waitForFunction(() => video.readyState >= 2);
found.start = await now();
await page.click("#play");
await page.waitForFunction(() => t > 1.2);
found.played = await now();
found.caption = await page.textContent("#caption");
await page.click("#play");
await page.locator(".turn").nth(2).click();
found.clicked = await now();
found.time = await page.textContent("#time");
await page.locator("nav button").nth(1).click();
found.none = await page.locator("#none").textContent();
found.isHidden = await page.locator("#caption").isHidden();
found.pixels = await page.evaluate(() => {
  const pen = strip.getContext("2d");
  return new Set(pen.getImageData(0, 0, strip.width, strip.height).data).size;
});
await browser.close();
console.log(JSON.stringify({ ...found, wrong }));
"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM or not shutil.which("node"), reason="needs chromium and node")
def test_the_page_plays_in_a_browser(tmp_path: Path):
    write_video(tmp_path / "a.mp4", noise, random.Random(0))
    said = [
        Turn(role="user", t=0, text=EVIL), Turn(role="assistant", t=1, text="الآن"),
        Turn(role="assistant", t=3.5, text="Later."),
    ]  # fmt: skip
    path, page = tmp_path / "s.jsonl", tmp_path / "p.html"
    write_samples(path, [sample(*said, duration_s=5), sample(id="b", video="", duration_s=0)])
    write_preview(path, page)
    web = Path(__file__).parents[3] / "web"
    if not (web / "node_modules" / "playwright").is_dir():
        pytest.skip("needs web/node_modules")
    done = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT], cwd=web, capture_output=True, text=True,
        timeout=90, env={"PATH": "/usr/bin:/usr/local/bin:/bin", "PAGE": str(page)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip())
    assert found["wrong"] == [] and found["title"] == "Training samples"
    assert found["first"] == EVIL and found["start"] == [EVIL]
    assert found["played"] == ["الآن"] and found["caption"] == "الآن"
    assert found["clicked"] == ["Later."] and found["time"] == "0:03.5 / 0:05.0"
    assert "no video" in found["none"] and found["isHidden"] and found["pixels"] > 2
