"""Servers that speak: ElevenLabs' protocol and OpenAI's, as their references have them.

    POST /v1/text-to-speech/{voice_id}[/stream]?output_format=...   xi-api-key      elevenlabs.io/docs/api-reference
    GET  /v2/voices?page_size=...&next_page_token=...
    POST /v1/audio/speech                                   Authorization: Bearer   OpenAI API reference, "Create speech"

What is spoken is a tone a word; `faults` is a list of functions (handler -> None) that each answer one request instead."""
import io
import json
import math
import struct
import threading
import time
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "xi-secret-1234567890"
VOICE = "21m00Tcm4TlvDq8ikWAM"
WORD_S = 0.2
ELEVEN_PCM = ("pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "pcm_32000", "pcm_44100", "pcm_48000")


def tone(text, rate, speed=1.0):
    """16-bit samples: WORD_S of a tone for every word."""
    n = int(len(text.split()) * WORD_S / speed * rate)
    return struct.pack(f"<{n}h", *(int(9000 * math.sin(2 * math.pi * 440 * i / rate)) for i in range(n)))


def wav(pcm, rate):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate), w.writeframes(pcm)
    return out.getvalue()


class Voices:
    """with Voices() as v: v.url; v.requests: (path, query, body, headers)"""

    def __init__(self, *faults, key=KEY, mp3=None):
        self.faults, self.requests, self.key, self.mp3 = list(faults), [], key, mp3
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.handle_one_kind(None)

            def do_POST(self):
                self.handle_one_kind(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def handle_one_kind(self, body):
                url = urlsplit(self.path)
                query = {k: v[0] for k, v in parse_qs(url.query).items()}
                outer.requests.append((url.path, query, body, dict(self.headers)))
                try:
                    if outer.faults:
                        return outer.faults.pop(0)(self)
                    if url.path == "/v1/audio/speech":
                        return outer.openai(self, body)
                    return outer.elevenlabs(self, url.path, query, body)
                except OSError:
                    pass

            def answer(self, status, data, content_type="application/json", **headers):
                data = data if isinstance(data, bytes) else json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                for k, v in headers.items():
                    self.send_header(k.replace("_", "-"), v)
                self.end_headers()
                self.wfile.write(data)

            def chunks(self, data, content_type, size=3001, pause=0.0, most=None):
                """Chunked, in pieces that end within samples; `most`: the connection ends there."""
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for at in range(0, len(data) if most is None else most, size):
                    piece = data[at:at + size]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                    time.sleep(pause)
                if most is None:
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def elevenlabs(self, h, path, query, body):
        if h.headers.get("xi-api-key") != self.key:
            return h.answer(401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}})
        if path == "/v2/voices":
            page = int(query.get("next_page_token", "0"))
            voices = [[{"voice_id": VOICE, "name": "Rachel", "labels": {"language": "en"}}],
                      [{"voice_id": "pNInz6obpgDQGcFmaJgB", "name": "Adam", "labels": {}}]]
            return h.answer(200, {"voices": voices[page], "has_more": page == 0, "total_count": 2,
                                  "next_page_token": "1" if page == 0 else None})
        if path not in (f"/v1/text-to-speech/{VOICE}/stream", f"/v1/text-to-speech/{VOICE}"):
            return h.answer(404, {"detail": {"status": "voice_not_found",
                                             "message": "A voice with that ID was not found."}})
        if not isinstance(body.get("text"), str) or not body["text"]:
            return h.answer(422, {"detail": [{"loc": ["body", "text"], "msg": "field required",
                                              "type": "value_error.missing"}]})
        speed = body.get("voice_settings", {}).get("speed", 1.0)
        kind = query.get("output_format", "mp3_44100_128")
        if kind in ELEVEN_PCM:
            return h.chunks(tone(body["text"], int(kind[4:]), speed), "audio/pcm")
        if kind == "mp3_44100_128" and self.mp3:
            return h.chunks(self.mp3, "audio/mpeg")
        return h.answer(400, {"detail": {"status": "invalid_output_format", "message": "no such output format"}})

    def openai(self, h, body):
        if h.headers.get("Authorization") != f"Bearer {self.key}":
            return h.answer(401, {"error": {"message": f"Incorrect API key provided: {self.key}.",
                                            "type": "invalid_request_error", "param": None,
                                            "code": "invalid_api_key"}})
        pcm = tone(body["input"], 24000, body.get("speed", 1.0))
        if body["response_format"] == "pcm":
            return h.chunks(pcm, "audio/pcm")
        if body["response_format"] == "wav":  # as it streams one: the lengths are unknown
            data = bytearray(wav(pcm, 24000))
            data[4:8] = data[40:44] = b"\xff" * 4
            return h.chunks(bytes(data), "audio/wav")
        if body["response_format"] == "mp3" and self.mp3:
            return h.answer(200, self.mp3, "audio/mpeg")
        return h.answer(400, {"error": {"message": "bad response_format", "type": "invalid_request_error",
                                        "param": "response_format", "code": None}})

    def texts(self):
        return [body.get("text", body.get("input")) for _, _, body, _ in self.requests if body]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
