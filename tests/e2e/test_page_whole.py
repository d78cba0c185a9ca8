"""The page as a whole, in Debian's Chromium against the real program: accessible, as wide as the window, still; a month of documents;
killed and back; signed in; small, fast, installed."""
import json
import re
import subprocess
import threading
import time
import urllib.request

import chat_server
from page_lib import AWAY, SLACK, browser, call, fill, fill_before, fits, play, server, show, watched  # noqa: F401
from playwright.sync_api import expect
from server import PROGRAM, ROOT, Server

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
VIEWS = ["today", "talk", "library", "library?view=ledger", "library?view=folders", "tasks", "tasks?view=calendar", "memory",
         "system", "system?view=settings", "system?view=access"]
# The rest of long lists is as their first lines are.
SOME = {"exclude": [[f".{row}:nth-child(n+4)"] for row in ("doc", "ledger-row", "session", "hit", "fact", "task", "month-day")]}


def test_every_screen_is_accessible_fits_and_stands_still(browser, server):
    """axe finds nothing in light, and no contrast that is too low in dark; nothing is wider than the window from 360 px to 4K;
    nothing moves under reduced motion."""
    session = fill(server)
    with watched(browser, server, color_scheme="light", reduced_motion="reduce") as page:
        page.add_init_script(f"sessionStorage.setItem('sotto.session', '{session}')")
        page.add_init_script(AXE.read_text())

        def check(name):
            found = []
            for scheme, options in (("light", {"resultTypes": ["violations"]}),
                                    ("dark", {"resultTypes": ["violations"], "runOnly": ["color-contrast"]})):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                found += page.evaluate("([w, o]) => axe.run(w, o).then(r => r.violations)", [SOME, options])
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            assert not found, name + ": " + json.dumps([(v["id"], v["help"], [n["target"] for n in v["nodes"]][:4],
                                                         v["nodes"][0].get("failureSummary")) for v in found], indent=1)
            assert page.evaluate("document.getAnimations().filter(a => a.playState === 'running').length") == 0, name
        for view in VIEWS:
            show(page, server, view)
            page.locator("h1").first.wait_for(state="attached")
            expect(page.locator(".skel")).to_have_count(0)
            if view == "talk":
                page.locator(".sources .chip").first.click()
                page.locator(".passage mark").first.wait_for()
            check(view)
            fits(page, view)
        page.keyboard.press("Control+k")
        page.locator("#q").fill("rent")
        page.locator(".hit mark").first.wait_for()
        check("search")
        page.keyboard.press("Escape")
        show(page, server, "library")
        page.locator(".doc-open").first.click()
        page.locator("#reader-text").wait_for()
        check("reader")
        page.get_by_role("button", name="About").click()
        page.locator(".related").wait_for()
        check("about")
        page.keyboard.press("Escape")
        show(page, server, "tasks")
        page.locator(".task-open").first.click()
        check("a task")


def test_topics_against_their_baseline_and_the_briefing_aloud(browser, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    before = time.strftime("%Y-%m-%dT08:00:00Z", time.gmtime(time.time() - 30 * 86400))
    with Server(data, env={"SOTTO_NOW": before}) as then:
        fill_before(then)
    with Server(data) as now:
        fill(now)
        with watched(browser, now) as page:
            show(page, now, "today")
            topic = page.locator(".topic", has_text="heat pump").first
            expect(topic.locator(".against-box strong")).to_have_text("100 %")
            expect(topic.locator(".burst")).to_have_text(re.compile(r"^\d+\.\d×$"))
            label = topic.get_by_role("img").get_attribute("aria-label")
            assert re.fullmatch(r"this week in 5 of 5 documents, before in 0 of \d+", label), label
            bars = topic.locator("svg.against rect")
            assert float(bars.nth(0).get_attribute("width")) > 10 * float(bars.nth(1).get_attribute("width"))
            page.get_by_role("button", name="Listen").click()
            page.get_by_role("button", name="Stop").click()
            expect(page.get_by_role("button", name="Listen")).to_be_visible()


def test_an_answer_streams_and_is_stopped_in_the_middle(browser, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    go = threading.Event()
    two = ("The rent is 1,250 EUR a month [1]. ", "Dana Okafor has the spare key [1].")
    with chat_server.Chat(chat_server.says(*two, pause=go), chat_server.says(*two)) as chat, \
            Server(data, env={"OPENAI_BASE_URL": chat.url, "OPENAI_API_KEY": "sk-test"}) as server:
        call(server, "POST", "/api/v1/knowledge/documents", {"title": "Lease", "content": "The rent is 1,250 EUR a month, due on "
             "the third working day. Dana Okafor has the spare key of the flat in Elm Street."})
        with watched(browser, server) as page:
            show(page, server, "talk")
            page.locator("#say").fill("What is the rent, and who has the spare key?")
            page.keyboard.press("Enter")
            answer = page.locator(".answer").last
            expect(answer.locator("p.pre")).to_contain_text("1,250 EUR", timeout=30000)  # before the model has ended
            expect(answer.locator(".caret")).to_be_visible()
            page.get_by_role("button", name="Stop").click()
            expect(answer).to_contain_text("stopped")
            expect(answer.locator("p.pre")).to_contain_text("1,250 EUR")
            go.set()
            page.locator("#say").fill("What is the rent, and who has the spare key of the flat?")
            page.keyboard.press("Enter")
            expect(answer).to_contain_text("spare key", timeout=30000)
            expect(answer.locator(".turn-foot")).to_contain_text("by scripted")
            expect(answer.locator(".sources .chip", has_text="Lease").first).to_be_visible()


def test_killed_and_started_again_without_losing_a_word(browser, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with Server(data) as first:
        call(first, "POST", "/api/v1/memory", {"text": "my manager is Dana"})
        port = first.url.rsplit(":", 1)[1]
        with watched(browser, first, allow=AWAY) as page:
            show(page, first, "talk")
            page.locator("#say").fill("Who is my manager?")
            page.keyboard.press("Enter")
            expect(page.locator(".answer")).to_contain_text("Dana")
            first.process.kill()
            first.process.wait()
            expect(page.locator(".banner")).to_contain_text("does not answer")
            page.locator("#say").fill("Remind me to call the bank tomorrow at nine")
            page.keyboard.press("Enter")
            expect(page.locator(".turn.queued")).to_contain_text("sent as soon as Sotto is back")
            with Server(data, listen=f"127.0.0.1:{port}") as second:
                expect(page.locator(".banner")).to_have_count(0, timeout=30000)
                expect(page.locator(".answer").last).to_contain_text("bank", timeout=30000)
                expect(page.locator(".turn")).to_have_count(4)
                assert call(second, "GET", "/api/v1/tasks")["total"] == 1
                talks = call(second, "GET", "/api/v1/conversations")["conversations"]
                assert len(talks) == 1 and talks[0]["message_count"] == 4


def test_signing_in(browser, tmp_path):
    """Where one must: a wrong password says so, the right one opens the page, signing out closes it."""
    data = tmp_path / "data"
    data.mkdir()
    with Server(data, env={"SOTTO_LOGIN": "always"}) as locked:
        subprocess.run([PROGRAM, "people", "password"], input=b"a long password 1\n", check=True, timeout=60,
                       env=locked.environment(), stdout=subprocess.DEVNULL)
        allow = ("401 ", "WebSocket connection")
        with watched(browser, locked, allow=allow) as page:
            page.goto(locked.url + "/")
            page.get_by_label("Name").fill("me")
            page.get_by_label("Password").fill("wrong password 1")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text(re.compile("password", re.I))
            page.evaluate(AXE.read_text() + "; 0")
            found = page.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))")
            assert not found, found
            page.get_by_label("Password").fill("a long password 1")
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Give it something to read.")).to_be_visible()
            expect(page.locator("#state").first).to_have_attribute("data-state", "open", timeout=20000)
            page.goto(locked.url + "/#/system?view=access")
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Password")).to_be_visible()


def test_first_paint_and_weight(browser, server):
    """First paint under a second at a quarter of the processor's speed; 200 KiB of script; nothing moves afterwards."""
    with watched(browser, server) as page:
        cdp = page.context.new_cdp_session(page)
        cdp.send("Network.enable")
        bytes_of = {}
        cdp.on("Network.responseReceived", lambda e: bytes_of.__setitem__(e["requestId"], [e["response"]["url"], 0]))
        cdp.on("Network.loadingFinished", lambda e: bytes_of[e["requestId"]].__setitem__(1, e["encodedDataLength"])
               if e["requestId"] in bytes_of else None)
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.add_init_script("""window.shift = 0; new PerformanceObserver(l => { for (const e of l.getEntries())
            if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});""")
        page.goto(server.url + "/")
        expect(page.locator("h1", has_text="day")).to_be_visible()
        page.wait_for_load_state("networkidle")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        shift = page.evaluate("window.shift")
        script = sum(n for url, n in bytes_of.values() if url.endswith(".js"))
        print(f"first paint {paint:.0f} ms at 4x, script {script / 1024:.0f} KiB, layout shift {shift:.4f}")
        assert paint < 1000 * SLACK and script <= 200 * 1024
        assert shift < 0.1


def test_installable_and_starts_without_the_server(browser, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with Server(data) as once, watched(browser, once, allow=AWAY) as page:
        show(page, once, "today")
        manifest = page.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then(r => r.json())")
        assert manifest["display"] == "standalone" and manifest["start_url"] == "/"
        for icon in manifest["icons"]:
            assert page.evaluate("u => fetch(u).then(r => r.ok)", icon["src"])
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        wrong = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
        # A window of the tests is an incognito one, in which nothing is installed.
        assert {e["errorId"] for e in wrong} <= {"in-incognito"}, wrong
        page.reload()  # now through the worker, which keeps what it passes on
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_load_state("networkidle")
        kept = page.evaluate("""caches.open('sotto-page-1').then(c => c.keys()).then(k => k.map(r => new URL(r.url).pathname))""")
        assert "/" in kept and not any(path.startswith("/api") for path in kept), kept
        once.process.kill()
        once.process.wait()
        page.reload()
        expect(page.locator(".side")).to_be_visible()
        expect(page.locator(".banner")).to_contain_text("does not answer")


def test_files_are_compressed_and_kept(server):
    def head(path, **headers):
        request = urllib.request.Request(server.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers, answer.read()
    index, text = head("/")
    assert index["Cache-Control"] == "no-cache" and "unsafe" not in index["Content-Security-Policy"]
    script = re.search(rb"/assets/index-[\w-]{8}\.js", text).group().decode()
    assert b"<style" not in text and re.findall(rb"<script[^>]*>", text) and not re.search(rb"<script[^>]*>[^<]", text)
    plain, whole = head(script)
    brotli, small = head(script, **{"Accept-Encoding": "gzip, br"})
    zipped, _ = head(script, **{"Accept-Encoding": "gzip"})
    none, same = head(script, **{"Accept-Encoding": "br;q=0, identity"})
    assert plain["Content-Encoding"] is None and brotli["Content-Encoding"] == "br" and zipped["Content-Encoding"] == "gzip"
    assert none["Content-Encoding"] is None and same == whole and len(small) < len(whole) / 2
    assert "immutable" in brotli["Cache-Control"] and brotli["Vary"] == "Accept-Encoding"
    assert plain["ETag"] != brotli["ETag"]
