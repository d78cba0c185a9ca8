"""A chat endpoint that answers what a test wrote down: POST /v1/chat/completions, GET /v1/models.

`replies` is a list of functions (request -> None) that write the answer themselves; the last one
answers every further request. Protocol: the OpenAI API reference."""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def chunk(delta, finish=None):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


class Chat:
    def __init__(self, *replies):
        self.replies, self.requests, self.headers, self.gone = list(replies), [], [], threading.Event()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                chat.headers.append(dict(self.headers))
                chat.requests.append(body)
                reply = chat.replies[min(len(chat.requests), len(chat.replies)) - 1]
                try:
                    reply(self)
                except OSError:
                    chat.gone.set()

            def answer(self, status, body, headers=(), content_type="application/json"):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for k, v in dict(headers).items():
                    self.send_header(k, v)
                self.send_header("Content-Type", content_type)
                self.end_headers()
                self.wfile.write(data)

            def events(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()

            def event(self, obj):
                data = obj if isinstance(obj, str) else json.dumps(obj)
                self.wfile.write(f"data: {data}\n\n".encode())
                self.wfile.flush()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def task(self, title, at=-1):
        """The number ("t2") of a task in the list that the model is shown."""
        lines = self.requests[at]["messages"][1]["content"].splitlines()
        return next(x.split(".")[0] for x in lines if x.split(". ", 1)[-1].startswith(title))

    def results(self, at=-1):
        """What the tools of the last round gave."""
        messages = self.requests[at]["messages"]
        first = max(i for i, m in enumerate(messages) if m["role"] == "assistant")
        return [m["content"] for m in messages[first:] if m["role"] == "tool"]

    def sources(self, at=-1):
        """{title: number} of the sources in the last message of the person's."""
        said = [m for m in self.requests[at]["messages"] if m["role"] in ("user", "tool")]
        found = {}
        for m in said:
            lines = m["content"].splitlines()
            for i, line in enumerate(lines):
                if line.startswith("<<source "):
                    found.setdefault(lines[i + 1].removeprefix("title: "), int(line.split()[1]))
        return found


def says(*pieces, pause=None):
    """Streams the pieces; `pause` (an Event) is waited for before the last one."""
    def reply(h):
        h.events()
        h.event(chunk({"role": "assistant", "content": ""}))
        for i, piece in enumerate(pieces):
            if pause and i == len(pieces) - 1:
                pause.wait(30)
            h.event(chunk({"content": piece}))
        h.event(chunk({}, "stop"))
        h.event({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}})
        h.event("[DONE]")
    return reply


def calls(name, arguments):
    def reply(h):
        h.events()
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        h.event(chunk({"role": "assistant", "tool_calls": [
            {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}]}))
        for i in range(0, len(text), 7):
            h.event(chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[i:i + 7]}}]}))
        h.event(chunk({}, "tool_calls"))
        h.event("[DONE]")
    return reply


def wants(*tools):
    """One message with several calls: (name, arguments) each."""
    def reply(h):
        h.events()
        h.event(chunk({"role": "assistant", "content": None}))
        for i, (name, arguments) in enumerate(tools):
            h.event(chunk({"tool_calls": [{"index": i, "id": f"call_{i}", "type": "function", "function": {
                "name": name, "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}}]}))
        h.event(chunk({}, "tool_calls"))
        h.event("[DONE]")
    return reply


def status(code, body=b"{}", **headers):
    return lambda h: h.answer(code, body, {k.replace("_", "-"): v for k, v in headers.items()})


def raw(data, content_type="text/event-stream"):
    return lambda h: h.answer(200, data, content_type=content_type)


def hangs(h):
    h.events()
    h.event(chunk({"role": "assistant", "content": ""}))
    for _ in range(600):
        time.sleep(0.05)
        h.wfile.write(b": still here\n\n")
        h.wfile.flush()
