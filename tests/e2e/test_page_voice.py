"""Speaking to the page: Chromium's microphone is a file, and what comes out of its loudspeaker is counted by a node that
the test puts in front of it. The server is the real one, with its own ears and voice."""
import json
import re
import urllib.error
import urllib.request
import wave
from contextlib import contextmanager

import pytest
from page_lib import AWAY, browser, call, fill, launch, play, watched  # noqa: F401
from patience import SLOWER
from playwright.sync_api import expect
from server import Server

VOICE = "en_US-joe-medium"
SETTINGS = {"SOTTO_SPEECH_MODEL": "whisper-tiny.en"}
QUESTION, OTHER = "Who owns the apartment I rent?", "What is due today?"

# Whatever is connected to the loudspeaker is heard here too: blocks of 1024 samples with their loudness and time.
LISTEN = """window.out = []; const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to instanceof AudioDestinationNode && !(this instanceof ScriptProcessorNode)) {
    const ear = this.context.createScriptProcessor(1024, 1, 1), rate = this.context.sampleRate;
    ear.onaudioprocess = (e) => { let sum = 0; for (const v of e.inputBuffer.getChannelData(0)) sum += v * v;
      window.out.push([performance.now(), Math.sqrt(sum / 1024), rate]); };
    connect.call(this, ear); connect.call(ear, to);
  }
  return connect.call(this, to, ...more);
};"""
# A microphone that says what the test wants when it wants it: mouth("words") ends when they were said.
MOUTH = """const room = new AudioContext(), said = room.createMediaStreamDestination(), hum = room.createConstantSource();
hum.offset.value = 0; hum.connect(said); hum.start(); const known = {};
navigator.mediaDevices.getUserMedia = async () => said.stream.clone();
window.learn = async (text, voice) => { const r = await fetch('/api/v1/voice/synthesize', {method: 'POST',
    headers: {'Content-Type': 'application/json'}, body: JSON.stringify({text, voice})});
  known[text] = await room.decodeAudioData(await r.arrayBuffer()); };
window.mouth = async (text) => { await room.resume(); const s = room.createBufferSource(); s.buffer = known[text];
  s.connect(said); const over = new Promise((r) => { s.onended = r; }); s.start(room.currentTime + 0.4);
  await over; };"""
HEARD = "window.out.filter(o => o[1] > 0.003)"
SECONDS = f"{HEARD}.reduce((n, o) => n + 1024 / o[2], 0)"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), env=SETTINGS) as running:
        fill(running)
        call(running, "PATCH", "/api/v1/settings", {"values": {"speech_voice": VOICE, "speech_speed": "1.8"}})
        yield running


@pytest.fixture(scope="module")
def sound(server, tmp_path_factory):
    """sound([0.5, "words", 2.0, ...]) is a file of these words with so many seconds of silence."""
    folder = tmp_path_factory.mktemp("sound")
    made = {}

    def words(text):
        if text not in made:
            request = urllib.request.Request(server.url + "/api/v1/voice/synthesize", json.dumps(
                {"text": text, "format": "wav", "voice": VOICE}).encode(), {"Content-Type": "application/json"})
            path = folder / "one.wav"
            with urllib.request.urlopen(request, timeout=120) as answer:
                path.write_bytes(answer.read())
            with wave.open(str(path)) as one:
                made[text] = one.getframerate(), one.readframes(one.getnframes())
        return made[text]

    def file(parts):
        rate = words(QUESTION)[0]
        path = folder / (re.sub(r"\W+", "-", "-".join(map(str, parts)))[:100] + ".wav")
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(b"".join(words(p)[1] if isinstance(p, str) else bytes(int(p * rate) * 2) for p in parts))
        return path
    return file


@pytest.fixture
def page(browser, server):
    """The conversation, with a microphone that the test speaks into."""
    with watched(browser, server) as one:
        one.add_init_script(LISTEN + MOUTH)
        one.goto(server.url + "/#/talk")
        expect(one.locator("#state").first).to_have_attribute("data-state", "open")
        for text in (QUESTION, OTHER):
            one.evaluate("([t, v]) => window.learn(t, v)", [text, VOICE])
        yield one


@contextmanager
def file_page(play, server, path, allow=()):
    """The same, with Chromium's own microphone, which is a file."""
    browser = launch(play, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                     f"--use-file-for-fake-audio-capture={path}%noloop")
    try:
        with watched(browser, server, allow=allow, permissions=["microphone"]) as one:
            one.add_init_script(LISTEN)
            one.goto(server.url + "/#/talk")
            expect(one.locator("#state").first).to_have_attribute("data-state", "open")
            yield one
    finally:
        browser.close()


def speak(page, text):
    page.evaluate("t => window.mouth(t)", text)


def mic(page, name="Speak: hold, or tap"):
    return page.get_by_role("button", name=re.compile(name))


def tap(page):
    mic(page).focus()
    page.keyboard.press("Enter")


def mine(page):
    return page.locator(".turn.mine:not(.partial)")


def test_a_question_is_heard_and_answered_aloud_without_gaps(play, server, sound):
    with file_page(play, server, sound([0.8, QUESTION, 30])) as page:
        page.evaluate("""() => { window.seen = {levels: [], partial: []};
            new MutationObserver(() => { const m = document.querySelector('.mic-meter'), p = document.querySelector('.partial .pre');
              if (m) window.seen.levels.push(Number(m.getAttribute('aria-valuenow')));
              if (p) window.seen.partial.push(p.innerText); }).observe(document.body,
              {subtree: true, childList: true, attributes: true, characterData: true}); }""")
        tap(page)
        expect(mine(page)).to_contain_text(re.compile("apartment", re.I), timeout=60000)  # nobody said that it was over
        answer = page.locator(".answer").last
        expect(answer).to_contain_text("Helen Abbott", timeout=60000)
        expect(answer.locator(".sources .chip").first).to_be_visible()
        expect(answer.get_by_role("button", name="Stop")).to_be_visible(timeout=30000)  # it is being said
        expect(mic(page)).to_be_visible(timeout=60000)
        expect(answer.get_by_role("button", name="Listen")).to_be_visible(timeout=30000)
        seen = page.evaluate("window.seen")
        assert max(seen["levels"]) >= 20 and min(seen["levels"]) < 10, seen["levels"]  # the sound, no animation
        if SLOWER == 1:  # words appear while somebody speaks when the program is faster than speech
            assert any("apartment" in p.lower() or "who" in p.lower() for p in seen["partial"]), seen["partial"]
        said = page.evaluate(SECONDS)
        words = len(answer.locator("p.pre").inner_text().split())
        assert said > words / 10, (said, words)  # at 1.8 times the speed nobody speaks faster than ten words a second
        # In one piece: no silence in it is longer than a pause between sentences.
        gap = page.evaluate("""() => { const h = window.out.map(o => o[1] > 0.003), a = h.indexOf(true), b = h.lastIndexOf(true);
            let worst = 0, run = 0; for (let i = a; i <= b; i++) { run = h[i] ? 0 : run + 1; worst = Math.max(worst, run); }
            return worst * 1024 / window.out[0][2]; }""")
        print(f"{said:.1f} s of answer were heard, the longest silence in it {gap:.2f} s")
        assert gap < 1.5 or SLOWER != 1  # likewise: a voice that is made faster than it speaks
        expect(mine(page)).to_have_count(1)


def test_without_hands_speaking_into_the_answer_silences_it(page, server):
    reasons = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda f: reasons.append(json.loads(f)["data"]["reason"])
                                          if isinstance(f, str) and '"VoiceAudioEnd"' in f else None))
    call(server, "PATCH", "/api/v1/settings", {"values": {"hands_free": "yes", "speech_speed": "0.8"}})
    try:  # slow, so that it is still being said when somebody speaks into it, also where everything takes its time
        page.reload()
        for text in (QUESTION, OTHER):
            page.evaluate("([t, v]) => window.learn(t, v)", [text, VOICE])
        tap(page)
        expect(mic(page, "^Listening")).to_be_visible()
        speak(page, QUESTION)
        page.wait_for_function(f"() => {HEARD}.length > 8", timeout=60000)  # it is being answered
        speak(page, OTHER)
        expect(mine(page)).to_have_count(2, timeout=60000)
        expect(mine(page).last).to_contain_text(re.compile("due today", re.I))
        expect(page.locator(".answer")).to_have_count(2, timeout=60000)
        expect(mic(page, "^Listening")).to_be_visible(timeout=60000)
        assert reasons == ["interrupted", "done"], reasons
        page.keyboard.press("Escape")
        expect(mic(page)).to_be_visible()
    finally:
        call(server, "PATCH", "/api/v1/settings", {"values": {"hands_free": None, "speech_speed": "1.8"}})


def test_stop_silences_at_once(page):
    tap(page)
    expect(mic(page, "^Listening")).to_be_visible()
    speak(page, QUESTION)
    page.wait_for_function(f"() => {HEARD}.length > 8", timeout=60000)
    page.get_by_role("button", name="Stop").first.click()
    expect(mic(page)).to_be_visible()
    stopped = page.evaluate("performance.now()")
    page.wait_for_function("() => window.out.at(-1)[0] > %f + 600" % stopped)
    late = page.evaluate(f"{HEARD}.filter(o => o[0] > {stopped} + 250).length")
    assert late == 0, late


def test_held_it_ends_by_letting_go(page):
    button = mic(page).bounding_box()
    page.mouse.move(button["x"] + 20, button["y"] + 20)
    page.mouse.down()
    expect(page.get_by_role("meter")).to_be_visible()
    speak(page, QUESTION)
    expect(page.locator(".turn.partial")).to_contain_text(re.compile("rent", re.I), timeout=60000)
    page.wait_for_timeout(1200)  # twice the silence that ends what is not held
    expect(page.locator(".turn.partial")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".answer")).to_have_count(1, timeout=60000)
    expect(mine(page)).to_contain_text(re.compile("rent", re.I))
    page.keyboard.press("Escape")


def test_what_is_said_while_the_server_dies_is_heard_by_the_next(play, server, sound, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with Server(data, env=SETTINGS) as first:
        call(first, "POST", "/api/v1/tasks", {"text": "Water the plants today"})
        port = first.url.rsplit(":", 1)[1]
        with file_page(play, first, sound([1.5, OTHER, 30]), AWAY) as page:
            tap(page)
            expect(mic(page, "^Listening")).to_be_visible()
            first.process.kill()
            first.process.wait()
            expect(mic(page, "away; your words are kept")).to_be_visible(timeout=30000)
            with Server(data, listen=f"127.0.0.1:{port}", env=SETTINGS):
                expect(mine(page)).to_contain_text(re.compile("due today", re.I), timeout=60000)
                expect(page.locator(".answer").last).to_contain_text("plants", timeout=60000)
                expect(mine(page)).to_have_count(1)
                page.keyboard.press("Escape")
                expect(mic(page)).to_be_visible()


def test_an_answer_is_said_again_by_its_button(page):
    page.locator("#say").fill(QUESTION)
    page.keyboard.press("Enter")
    answer = page.locator(".answer").last
    expect(answer).to_contain_text("Helen Abbott")
    answer.get_by_role("button", name="Listen").click()
    page.wait_for_function(f"() => {SECONDS} > 0.7", timeout=60000)
    answer.get_by_role("button", name="Stop").click()
    expect(answer.get_by_role("button", name="Listen")).to_be_visible()


def test_a_voice_that_is_set_speaks_from_now_on(page, server):
    voices = [v["id"] for v in call(server, "GET", "/api/v1/voice/voices")]
    other = next(v for v in voices if v != VOICE)

    def who():
        request = urllib.request.Request(server.url + "/api/v1/voice/synthesize", json.dumps({"text": "Good."}).encode(),
                                         {"Content-Type": "application/json", "Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())["voice"]
    assert who() == VOICE
    page.goto(server.url + "/#/system?view=settings")
    page.locator("select[aria-label=Voice]").select_option(other)
    expect(page.locator(".toast", has_text="Saved")).to_be_visible()
    assert who() == other
    call(server, "PATCH", "/api/v1/settings", {"values": {"speech_voice": VOICE}})
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(server, "PATCH", "/api/v1/settings", {"values": {"speech_voice": "nobody"}})
    assert refused.value.code == 400 and "there is no voice" in json.loads(refused.value.read())["detail"]


def test_a_recording_is_cited_at_its_second_and_played_from_there(page, server, sound):
    memo = sound([0.4, "This is about the garden. The beans stand behind the shed, and the potatoes by the fence.", 3.0,
                  "The heating technician comes on Thursday at ten.", 0.5])
    path = memo.rename(memo.with_name("Memo of the week.wav"))
    page.goto(server.url + "/#/library")
    page.set_input_files("#file", str(path))
    expect(page.locator("#uploads").get_by_role("status")).to_have_text("1 document added", timeout=60000)
    page.goto(server.url + "/#/talk")
    page.get_by_role("button", name="New").first.click()
    page.locator("#say").fill("When does the heating technician come?")
    page.keyboard.press("Enter")
    chip = page.locator(".answer").last.locator(".sources .chip").first
    expect(chip).to_have_text(re.compile(r"Memo of the week.*at 0:0\d"))
    chip.click()
    passage = page.locator(".passage")
    expect(passage.locator("mark")).to_contain_text(re.compile("Thursday", re.I))
    expect(passage.locator("figcaption")).to_contain_text(re.compile(r"at 0:0\d"))
    at = "() => { const a = document.querySelector('%s audio'); return a && a.readyState > 0 && a.currentTime > 5; }"
    page.wait_for_function(at % ".passage", timeout=20000)
    passage.get_by_role("button", name="Open the document").click()
    page.wait_for_function(at % ".reader", timeout=20000)
