"""Sounds for the benches of speech recognition, all made here: what holds no words, and speech as it comes in life.
Runs in the benches' own environment (numpy); voices by libespeak-ng and by `sotto say`."""
import ctypes
import subprocess
import wave

import numpy as np

RATE = 16000
SENTENCES = ["The plumber comes on Tuesday and will repair the kitchen sink.",
             "Please remind me to call my grandmother before dinner.",
             "We took the train to the mountains and walked for five hours."]


# ---- voices ------------------------------------------------------------------------------------------------------

class Espeak:
    """libespeak-ng, which `setup` installs; any of its languages."""
    PITCH, SPEED = 3, 1

    def __init__(self):
        self.lib = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self.lib.espeak_Initialize(2, 0, None, 0)  # synchronous, to a callback
        self.heard = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

        def take(pcm, n, _):
            if pcm and n > 0:
                self.heard.append(np.ctypeslib.as_array(pcm, (n,)).copy())
            return 0
        self.callback = kind(take)
        self.lib.espeak_SetSynthCallback(self.callback)

    def say(self, text, voice="en-us", speed=150, pitch=50):
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"espeak has no voice {voice}")
        self.lib.espeak_SetParameter(self.SPEED, speed, 0)
        self.lib.espeak_SetParameter(self.PITCH, pitch, 0)
        self.heard = []
        data = text.encode() + b"\0"
        self.lib.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, 1, None, None)
        return resample(np.concatenate(self.heard) / 32768.0, self.rate)


def resample(x, rate, to=RATE):
    """Band-limited by cutting the spectrum: fine for clips of some seconds."""
    if rate == to:
        return x.astype(np.float32)
    n = int(round(len(x) * to / rate))
    spectrum, out = np.fft.rfft(x), np.zeros(n // 2 + 1, complex)
    k = min(len(spectrum), len(out))
    out[:k] = spectrum[:k]
    return (np.fft.irfft(out, n) * n / len(x)).astype(np.float32)


def own_voice(sotto, env, folder, text, speed=1.0):
    path = folder / "own.wav"
    subprocess.run([sotto, "say", text, "--voice", "en_US-joe-medium", "--speed", str(speed), "-o", path], check=True,
                   env=env, stdout=subprocess.DEVNULL)
    with wave.open(str(path)) as w:
        x, rate = np.frombuffer(w.readframes(w.getnframes()), np.int16) / 32768.0, w.getframerate()
    path.unlink()
    return x, rate


def save(path, x):
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes((np.clip(x, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def speech(sotto, env, folder):
    """{name: (samples, words)}: one speaker, and two made from it and from espeak that sound like children."""
    grown = [resample(*own_voice(sotto, env, folder, s)) for s in SENTENCES]
    child = []
    for s in SENTENCES:  # spoken slowly, then played faster: throat and pitch of somebody half as large
        x, rate = own_voice(sotto, env, folder, s, 0.75)
        child.append(resample(x, int(rate * 1.4)))
    robot = Espeak()
    return {"grown": grown, "child": child, "robot child": [robot.say(s, "en-us+f4", 150, 90) for s in SENTENCES]}


# ---- no words ----------------------------------------------------------------------------------------------------

def shaped(rng, n, power):
    """Noise whose power falls with frequency to that power; its root mean square is 1."""
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20)
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * f ** (-power / 2), n)
    return x / np.sqrt(np.mean(x ** 2))


def db(x):
    return 10 ** (x / 20)


def tone(freq, seconds, decay=0.0, overtones=5):
    t = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * freq * k * t) / k ** 1.5 for k in range(1, overtones + 1)) * np.exp(-decay * t)


def put(out, at, x):
    at = max(0, int(at))
    x = x[:max(0, len(out) - at)]
    out[at:at + len(x)] += x


def drums(rng, seconds, beat=0.5):
    out = np.zeros(int(seconds * RATE))
    t = np.arange(RATE // 4) / RATE
    kick = np.sin(2 * np.pi * (50 * t + 8 * (1 - np.exp(-30 * t)))) * np.exp(-12 * t)
    for i in range(int(seconds / beat * 4)):
        at = i * beat / 4 * RATE
        if i % 8 == 0 or i % 8 == 3:
            put(out, at, 0.6 * kick)
        if i % 8 == 4:
            put(out, at, 0.3 * rng.standard_normal(len(t)) * np.exp(-25 * t))
        if i % 2 == 0:
            put(out, at, 0.08 * np.diff(rng.standard_normal(len(t) + 1)) * np.exp(-60 * t))
    return out


def chords(seconds, beat=0.5):
    out = np.zeros(int(seconds * RATE))
    steps = [(262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294)]
    for i in range(int(seconds / beat) + 1):
        for f in steps[i // 4 % 4]:
            put(out, i * beat * RATE, 0.08 * tone(f, 1.5, 3))
    return out


def melody(rng, seconds):
    """A tune with vibrato, as a violin or a hummed one has it."""
    out, at, scale = np.zeros(int(seconds * RATE)), 0, [294, 330, 370, 392, 440, 494, 554, 587]
    while at < len(out):
        length, f = rng.choice([0.3, 0.6, 0.9]), scale[rng.integers(8)]
        t = np.arange(int(length * RATE)) / RATE
        phase = 2 * np.pi * (f * t + 0.08 * f / 5.5 * np.sin(2 * np.pi * 5.5 * t) / (2 * np.pi))
        env = np.minimum(1, np.minimum(t / 0.05, (length - t) / 0.05))
        put(out, at, 0.15 * env * sum(np.sin(k * phase) / k for k in range(1, 9)))
        at += int(length * RATE)
    return out


def claps(rng, seconds, people):
    out, t = np.zeros(int(seconds * RATE)), np.arange(RATE // 12) / RATE
    for _ in range(people):
        every, start = rng.uniform(0.22, 0.32), rng.uniform(0, 0.3)
        for i in range(int(seconds / every)):
            band = np.convolve(rng.standard_normal(len(t)), np.sin(2 * np.pi * 1200 * t[:40]), "same")
            put(out, (start + i * every + rng.normal(0, 0.01)) * RATE, 0.03 * band * np.exp(-80 * t))
    return out / max(1, np.sqrt(people))


def keys(rng, seconds):
    out, at, t = np.zeros(int(seconds * RATE)), 0.1, np.arange(RATE // 40) / RATE
    while at < seconds:
        put(out, at * RATE, rng.uniform(0.05, 0.2) * rng.standard_normal(len(t)) * np.exp(-300 * t))
        at += rng.exponential(0.16) + 0.04
    return out


def breath(rng, seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    return 0.05 * shaped(rng, len(t), 1) * np.maximum(0, np.sin(2 * np.pi * t / 3)) ** 2


def wordless():
    """(class, name, samples) of everything in which nobody speaks."""
    rng = np.random.default_rng(11)
    for s in (0.3, 1, 5, 30):
        n = int(s * RATE)
        yield "silence", f"zeros {s} s", np.zeros(n)
        yield "silence", f"-75 dB {s} s", db(-75) * rng.standard_normal(n)
    for name, power in (("white", 0), ("pink", 1), ("brown", 2)):
        for level in (-50, -30, -15):
            for s in (0.3, 3, 12):
                yield f"{name} noise", f"{level} dB {s} s", db(level) * shaped(rng, int(s * RATE), power)
    for f in (50, 60, 120):
        for s in (0.3, 5, 35):
            t = np.arange(int(s * RATE)) / RATE
            yield "hum", f"{f} Hz {s} s", sum(0.1 / k * np.sin(2 * np.pi * f * k * t) for k in (1, 2, 3, 5, 7))
    for s in (5, 20):
        t = np.arange(s * RATE) / RATE
        yield "tones", f"a tone {s} s", 0.3 * np.sin(2 * np.pi * 440 * t)
        yield "tones", f"a siren {s} s", 0.3 * np.sin(2 * np.pi * (700 * t + 60 * np.sin(2 * np.pi * 0.5 * t)))
        yield "tones", f"a dial tone {s} s", 0.15 * (np.sin(2 * np.pi * 350 * t) + np.sin(2 * np.pi * 440 * t)) * (t % 1 < .5)
    for s in (3, 10, 31):
        yield "music", f"chords {s} s", chords(s)
        yield "music", f"drums {s} s", drums(rng, s)
        yield "music", f"a tune {s} s", melody(rng, s)
        yield "music", f"band {s} s", 0.6 * (chords(s) + drums(rng, s) + 0.5 * melody(rng, s))
    for s in (2, 10, 30):
        yield "clapping", f"one {s} s", claps(rng, s, 1)
        yield "clapping", f"a hall {s} s", claps(rng, s, 40)
        yield "keys and breath", f"keys {s} s", keys(rng, s)
        yield "keys and breath", f"breath {s} s", breath(rng, s)
