"""What the tests of the page and the screenshots share: Chromium, a watched page, a server with something in it."""
import json
import os
import urllib.request
from contextlib import contextmanager

import pytest
from patience import longer
from playwright.sync_api import expect, sync_playwright
from server import Server

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--autoplay-policy=no-user-gesture-required"]
# The goals hold on a quiet machine (SOTTO_FIGURES=1 asks for them); a loaded or sanitized one gets ten times as long.
SLACK = 1 if os.environ.get("SOTTO_FIGURES") else 10
expect.set_options(timeout=longer(5000))
AWAY = ("ERR_CONNECTION_REFUSED", "WebSocket connection", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE")


def launch(play, *more):
    """A browser with a profile of its own (playwright makes and removes the folder)."""
    return play.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *more])


# Fixtures; a module imports those that it wants.

@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def play():
    with sync_playwright() as one:
        yield one


@pytest.fixture(scope="module")
def browser(play):
    one = launch(play)
    yield one
    one.close()


@contextmanager
def chromium(*more):
    with sync_playwright() as play:
        browser = launch(play, *more)
        yield browser
        browser.close()


def call(server, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def fill_before(server):
    """What was there a month ago (the server's clock says when): the sample documents."""
    call(server, "POST", "/api/v1/knowledge/sample", {})


HEATING = {
    "Offer for a heat pump": "The offer for the heat pump is 14,200 EUR. The heat pump stands in the yard and is quiet at night.",
    "Meeting of the owners": "The owners want a heat pump instead of the old boiler. The vote on the heat pump is on 4 December.",
    "Letter from the city": "The city pays a third of every heat pump. Applications for the heat pump end in March.",
    "Call with the installer": "The installer measured the flow: with the heat pump the radiators stay. The heat pump comes in spring.",
    "Noise of the neighbours": "The neighbours asked how loud the heat pump is. The heat pump has 35 decibels at three metres.",
}


def fill(server):
    """The sample documents, what everybody writes about now, tasks, facts and a conversation."""
    if not call(server, "GET", "/api/v1/knowledge/stats")["documents"]:
        call(server, "POST", "/api/v1/knowledge/sample", {})
    for title, text in HEATING.items():
        call(server, "POST", "/api/v1/knowledge/documents", {"title": title, "content": text, "source": f"heating/{title}.txt"})
    for text in ["Call the bank tomorrow at nine #money, high priority", "Review the quarterly report by Friday #work",
                 "Pay the electricity bill today, urgent", "Water the plants every Monday at 8", "Buy rye flour"]:
        call(server, "POST", "/api/v1/tasks", {"text": text})
    done = call(server, "POST", "/api/v1/tasks", {"text": "Return the library books"})
    call(server, "POST", f"/api/v1/tasks/{done['id']}/complete", {})
    for text in ["my manager is Dana", "my sister's name is Clara", "I am allergic to hazelnuts"]:
        call(server, "POST", "/api/v1/memory", {"text": text})
    session = None
    for text in ["Who owns the apartment I rent?", "What did the plumber say about the kitchen?"]:
        session = call(server, "POST", "/api/v1/conversations/messages",
                       {"message": text, **({"session_id": session} if session else {})})["session_id"]
    return session


@contextmanager
def watched(browser, server, allow=(), **context):
    """A page on which a console error, a failed script, a failed request, an answer of 400 or more, a CSP report or a request to
    another host is a fault, but what `allow` names: parts of a console message or of "STATUS METHOD PATH"."""
    faults, allow = [], list(allow)
    tab = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **context})
    tab.add_init_script("addEventListener('securitypolicyviolation', e => "
                        "console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))")
    page = tab.new_page()
    # Chromium's own viewer of PDF is a part of it with addresses of its own.
    ours = (server.url, server.url.replace("http", "ws"), "data:", "blob:", "about:", "chrome-extension:", "chrome:")

    def fault(text):
        if not any(a in text for a in allow):
            faults.append(text)

    def console(m):
        # An answer of 400 or more is told by its status and path instead; Chromium's words name neither.
        if m.type == "error" and "Failed to load resource: the server responded" not in m.text:
            fault(m.text)
    page.on("console", console)
    page.on("pageerror", lambda e: faults.append(str(e)))
    tab.on("response", lambda r: fault(f"{r.status} {r.request.method} {r.url[len(server.url):]}") if r.status >= 400 else None)
    # What the page itself gives up (an overtaken search, a page that is left) is no failure.
    tab.on("requestfailed", lambda r: None if r.failure == "net::ERR_ABORTED" else fault(f"{r.failure} {r.method} {r.url}"))
    tab.on("request", lambda r: None if r.url.startswith(ours) else faults.append("another host: " + r.url))
    page.faults, page.allow = faults, allow  # a test adds what it brings about itself
    try:
        yield page
    finally:
        tab.close()
    assert not faults, faults


SIZES = [(360, 740), (768, 1024), (3840, 2160)]


def fits(page, view):
    """No sideways scroll and nothing behind the edge, from a telephone to 4K."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("""() => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right
            > innerWidth + 1 && !e.closest('.seg, .sr, .month-task')).map(e => e.className || e.tagName).slice(0, 5)""")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") and not wide, (view, width, wide)
    page.set_viewport_size({"width": 1280, "height": 860})


def show(page, server, place):
    page.goto(server.url + "/#/" + place)
    expect(page.locator(".side #state, #state").first).to_have_attribute("data-state", "open")
