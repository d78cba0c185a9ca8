"""A conversation by sound with the real server, measured: every clip is fed over the WebSocket at the pace it was
spoken, silence follows, and the times of what comes back are taken from the clip's own first and last sound.

    live.py --bin bin/sotto --models models [--data FOLDER] [--model whisper-base] [--voices] [--end | --both] [--speak]
            [--interrupt N]

Clips: WAV files of FOLDER (16 kHz, one channel), and with --voices sentences spoken by the voices of this machine,
plain and in noise. --end sends VoiceEnd behind the last sample instead of silence; --both does one after the other. The
offline text is that of POST /v1/audio/transcriptions for the same file.

"The end of speech" is the end of the last 10 ms of the clip that are within 35 dB of its loudest 10 ms: what a person
would call the end, before any silence that the detector needs. The stages are the server's own, from /metrics; there
"reply" counts from the end of the last frame (32 ms) that the detector took for speech."""
import argparse
import array
import asyncio
import io
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave

import websockets

RATE = 16000
LEAD = 10 * 512  # samples of silence before a clip
SENTENCES = ["What time is it?", "What is due today?", "What day is it today?", "What is on my calendar tomorrow?",
             "Remind me to call the bank tomorrow at nine.", "Who is my manager?", "How much time is left?",
             "Set a timer for eight minutes.", "Add milk to the shopping list.", "What can you do?",
             "When does the lease for the office end?", "Find the letter about the insurance.",
             "Remember that my manager is Dana.", "What did I write about the garden last week?"]


def read_wav(data):
    with wave.open(io.BytesIO(data)) as w:
        rate, pcm = w.getframerate(), array.array("h", w.readframes(w.getnframes()))
        if w.getnchannels() > 1:
            pcm = pcm[::w.getnchannels()]
    if rate == RATE:
        return [s / 32768 for s in pcm]
    out, n = [], int(len(pcm) * RATE / rate)
    for i in range(n):
        at = i * rate / RATE
        k = int(at)
        out.append((pcm[k] + (pcm[min(k + 1, len(pcm) - 1)] - pcm[k]) * (at - k)) / 32768)
    return out


def to_s16(samples):
    return array.array("h", [max(-32768, min(32767, round(s * 32767))) for s in samples]).tobytes()


def to_wav(samples):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(to_s16(samples))
    return out.getvalue()


def spoken_part(samples):
    """Seconds of the first and behind the last 10 ms that are within 35 dB of the loudest."""
    levels = [math.sqrt(sum(x * x for x in samples[i:i + 160]) / 160) for i in range(0, len(samples) - 159, 160)]
    limit = max(levels) * 10 ** (-35 / 20)
    loud = [i for i, v in enumerate(levels) if v > limit]
    return loud[0] / 100, (loud[-1] + 1) / 100


def plain(text):
    return "".join(c for c in text.lower().replace("-", " ") if c.isalnum() or c in " '").split()


async def talk(url, samples, end, speak, tail, events):
    """Feeds in real time; events gets (seconds since the first sample, message)."""
    async with websockets.connect(url.replace("http", "ws") + "/ws", max_size=None) as ws:
        await ws.send(json.dumps({"type": "VoiceStart", "data": {"rate": RATE, "format": "s16le", "speak": speak}}))
        while json.loads(await ws.recv())["type"] != "VoiceState":
            pass
        await asyncio.sleep(0.7)  # a person draws breath; a sleeping model wakes
        begin = time.monotonic()
        done = asyncio.Event()

        async def listen():
            async for m in ws:
                at = time.monotonic() - begin
                message = {"type": "sound", "n": len(m)} if isinstance(m, bytes) else json.loads(m)
                events.append((at, message))
                if message["type"] == "VoiceState" and message["data"]["state"] == "idle":
                    done.set()
                    return

        hearing = asyncio.create_task(listen())
        data = to_s16(samples) + (b"" if end else b"\0" * int(RATE * 2 * tail))
        step = RATE // 50 * 2
        for i, at in enumerate(range(0, len(data), step)):
            wait = begin + (i + 1) * 0.02 - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            if hearing.done():
                break
            await ws.send(data[at:at + step])
        if end:
            await ws.send(json.dumps({"type": "VoiceEnd", "data": {}}))
        try:
            await asyncio.wait_for(done.wait(), 20)
        except asyncio.TimeoutError:
            pass
        hearing.cancel()


def post(url, body, kind):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind}), timeout=120).read()
    except urllib.error.HTTPError as e:
        raise SystemExit(f"{url}: {e.code} {e.read().decode()}") from e


def offline(url, samples, model):
    form = b"".join(b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (k, v) for k, v in
                    ((b"model", model.encode()), (b"response_format", b"text")))
    form += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + to_wav(samples)
    return post(url + "/v1/audio/transcriptions", form + b"\r\n--x--\r\n",
                "multipart/form-data; boundary=x").decode().strip()


def measure(url, name, samples, args):
    events = []
    first, last = spoken_part(samples)
    lead = [0.0] * LEAD
    asyncio.run(talk(url, lead + samples, args.end, args.speak, 2.5, events))
    first, last = first + LEAD / RATE, last + LEAD / RATE
    if args.end:
        last = (len(samples) + LEAD) / RATE
    texts = [(at, m["data"]) for at, m in events if m["type"] == "Transcript"]
    partial = [(at, d) for at, d in texts if not d["final"] and d["text"]]
    final = [(at, d) for at, d in texts if d["final"]]
    sound = [at for at, m in events if m["type"] == "sound"]
    shown = changed = 0
    if final:
        told = plain(final[-1][1]["text"])
        for _, d in partial:
            words = plain(d["settled"])
            shown += len(words)
            changed += sum(w != f for w, f in zip(words, told)) + max(0, len(words) - len(told))
    row = {"clip": name, "seconds": last - first, "first": partial[0][0] - first if partial else None,
           "partials": len(partial), "known": max((at for at, _ in partial), default=0) - last,
           "final": final[-1][0] - last if final else None, "finals": len(final),
           "text": " ".join(d["text"] for _, d in final), "settled": shown, "changed": changed,
           "sound": sound[0] - last if sound else None, "offline": offline(url, samples, args.model),
           "begun": partial[0][1]["text"] if partial else ""}
    row["same"] = row["text"] == row["offline"]
    row["words"] = plain(row["text"]) == plain(row["offline"])
    print(json.dumps(row), file=sys.stderr)
    return row


async def interrupt(url, question, words, onset):
    """Seconds from the first sound of words spoken into an answer, and from a Cancel, to VoiceAudioEnd."""
    async with websockets.connect(url.replace("http", "ws") + "/ws", max_size=None) as ws:
        heard, texts, state = [], [], {"sounds": 0}

        async def listen():
            async for m in ws:
                message = {"type": "sound"} if isinstance(m, bytes) else json.loads(m)
                state["sounds"] += message["type"] == "sound"
                if message["type"] == "VoiceAudioEnd":
                    heard.append((time.monotonic(), message["data"]["reason"]))
                if message["type"] == "Transcript" and message["data"]["final"]:
                    texts.append(message["data"]["text"])

        async def feed(data):
            begin = time.monotonic()
            for i, at in enumerate(range(0, len(data), 640)):
                wait = begin + (i + 1) * 0.02 - time.monotonic()
                if wait > 0:
                    await asyncio.sleep(wait)
                await ws.send(data[at:at + 640])
            return begin

        async def answer():
            before = state["sounds"]
            await feed(question + b"\0" * RATE)
            while state["sounds"] < before + 5:
                await feed(b"\0" * 640)

        task = asyncio.create_task(listen())
        await ws.send(json.dumps({"type": "VoiceStart", "data": {
            "rate": RATE, "format": "s16le", "speak": True, "continuous": True, "silence_ms": 300}}))
        await answer()
        begin = await feed(words + b"\0" * RATE * 2)
        spoken = heard[0][0] - begin - onset
        while len(heard) < 2:
            await feed(b"\0" * 640)
        await answer()
        asked = time.monotonic()
        await ws.send(json.dumps({"type": "Cancel", "data": {}}))
        while len(heard) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        return spoken, heard[2][0] - asked, texts[1], heard[0][1]


def interruptions(url, times):
    def say(text):
        body = json.dumps({"text": text, "voice": "en_US-joe-medium"}).encode()
        return read_wav(post(url + "/api/v1/voice/synthesize", body, "application/json"))
    question, words = to_s16(say("What can you do?")), say("What time is it?")
    onset = spoken_part(words)[0]
    rows = [asyncio.run(interrupt(url, question, to_s16(words), onset)) for _ in range(times)]
    print("\n| | |\n|---|---|")
    print(f"| answer stopped, from the first sound of the interruption | "
          f"{figure([{'x': r[0]} for r in rows], 'x')} |")
    print(f"| answer stopped, from Cancel | {figure([{'x': r[1]} for r in rows], 'x')} |")
    whole = sum(plain(r[2]) == plain("What time is it?") for r in rows)
    print(f"| the interruption heard in full | {whole} of {times} |")


def figure(rows, key):
    values = sorted(1000 * r[key] for r in rows if r[key] is not None)
    if not values:
        return "none"
    return f"{statistics.median(values):.0f} / {values[int(0.9 * (len(values) - 1))]:.0f} / {values[-1]:.0f}"


def clips(args, url):
    for path in sorted(pathlib.Path(args.data).rglob("*.wav")) if args.data else []:
        yield path.stem, read_wav(path.read_bytes())
    rng = random.Random(1)
    voices = ["en_US-joe-medium"] if args.voices else []
    for voice in voices:
        for i, text in enumerate(SENTENCES):
            body = json.dumps({"text": text, "voice": voice}).encode()
            clean = read_wav(post(url + "/api/v1/voice/synthesize", body, "application/json"))
            yield f"{voice} {i}", clean
            if i % 2:
                yield f"{voice} {i} noise", [s + rng.gauss(0, 0.01) for s in clean]


def report(rows, args):
    print(f"load {os.getloadavg()[0]:.1f}, {len(rows)} clips, ended by {'VoiceEnd' if args.end else 'silence'}; "
          f"milliseconds: median / 90 % / worst\n")
    print("| | |\n|---|---|")
    print(f"| first partial text, from the first sound | {figure(rows, 'first')} |")
    print(f"| final text known (shown as partial), from the end of speech | {figure(rows, 'known')} |")
    print(f"| final text, from the {'VoiceEnd' if args.end else 'end of speech'} | {figure(rows, 'final')} |")
    print(f"| first sound of the answer, from the same | {figure(rows, 'sound')} |")
    print(f"| text the same as offline, letter by letter | {sum(r['same'] for r in rows)} of {len(rows)} |")
    print(f"| the same words | {sum(r['words'] for r in rows)} of {len(rows)} |")
    print(f"| one final text | {sum(r['finals'] == 1 for r in rows)} of {len(rows)} |")
    shown = sum(r["settled"] for r in rows)
    print(f"| settled words that the final text changed | {sum(r['changed'] for r in rows)} of {shown} |")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default="bin/sotto")
    p.add_argument("--models", default="models")
    p.add_argument("--model", default="auto")
    p.add_argument("--data")
    p.add_argument("--voices", action="store_true")
    p.add_argument("--end", action="store_true")
    p.add_argument("--both", action="store_true")
    p.add_argument("--speak", action="store_true")
    p.add_argument("--silence", default="600")
    p.add_argument("--limit", type=int, default=1000)
    p.add_argument("--interrupt", type=int, default=0, help="so many interruptions")
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as data:
        env = {**{k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}, "SOTTO_DATA": data,
               "SOTTO_MODELS": args.models, "SOTTO_SPEECH_MODEL": args.model, "SOTTO_LISTEN": "127.0.0.1:0",
               "SOTTO_VOICE_SILENCE": args.silence, "XDG_CONFIG_HOME": data + "/none"}
        server = subprocess.Popen([args.bin, "serve"], env=env, stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().split()[-1]
        if args.model == "auto":
            args.model = "whisper-1"
        try:
            known = [c for c in clips(args, url) if len(c[1]) >= RATE // 4][:args.limit]
            for args.end in (False, True) if args.both else (args.end,):
                before = read_stages(url)
                report([measure(url, name, samples, args) for name, samples in known], args)
                stages(before, read_stages(url))
            if args.interrupt:
                interruptions(url, args.interrupt)
        finally:
            server.terminate()
            server.wait()


def stages(before, after):
    """What the server says of its stages: mean milliseconds between two readings of /metrics."""
    print("\n| stage | times | mean, ms |\n|---|---|---|")
    for stage in ("endpoint", "hear", "final", "answer", "speak", "sound", "reply"):
        n, s = (after.get((what, stage), 0) - before.get((what, stage), 0) for what in ("count", "sum"))
        if n:
            print(f"| {stage} | {n:.0f} | {1000 * s / n:.0f} |")
    print()


def read_stages(url):
    found = {}
    for line in urllib.request.urlopen(url + "/metrics").read().decode().splitlines():
        for what in ("count", "sum"):
            head = f'voice_stage_seconds_{what}{{stage="'
            if line.startswith(head):
                found[what, line[len(head):].split('"')[0]] = float(line.rsplit(" ", 1)[1])
    return found


if __name__ == "__main__":
    main()
