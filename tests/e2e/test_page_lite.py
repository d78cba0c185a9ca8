"""The small page (web/lite) in a real browser: add, search, read at the cited bytes, delete, undo."""
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from server import Server

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    """A page on which any console error, failed script or request to another host fails the test."""
    faults = []
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    page = context.new_page()
    # A refused upload is a 415, which Chromium itself logs; the page shows it (test_refusal_is_shown).
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" and "415" not in m.text else None)
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((server.url, server.url.replace("http", "ws"), "data:"))
            else faults.append("another host: " + r.url))
    page.goto(server.url + "/assets/lite.html")
    expect(page.locator("#state")).to_have_class("on")
    yield page
    context.close()
    assert not faults, faults


def test_add_search_read_delete(page, tmp_path):
    lease = tmp_path / "Lease.md"
    lease.write_text("# Lease\n\nThe flat in Elm Street 4 belongs to Marta Velasquez.\n\n"
                     "The notice period is three months to the end of a quarter — in writing.\n", encoding="utf-8")
    page.set_input_files("#file", str(lease))
    row = page.locator("#documents li", has_text="Lease")
    expect(row).to_have_count(1)
    page.fill("#q", "how long is the notice period")
    hit = page.locator("#results .card")
    expect(hit.first).to_contain_text("three months")
    expect(hit.locator("mark", has_text="notice").first).to_be_visible()
    hit.get_by_role("button", name="Show where it says that").first.click()
    expect(page.locator("#reader-text mark")).to_contain_text("three months")
    page.click("#reader-close")
    row.get_by_role("button", name="Delete Lease").click()
    expect(row).to_be_hidden()
    page.click("#toast-undo")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Delete Lease").click()
    expect(row).to_have_count(0, timeout=12000)


def test_refusal_is_shown(page, tmp_path):
    blob = tmp_path / "program.bin"
    blob.write_bytes(bytes(range(256)) * 40)
    with page.expect_response(re.compile("/documents$")) as refused:
        page.set_input_files("#file", str(blob))
    assert refused.value.status == 415
    expect(page.locator("#uploads .bad")).not_to_be_empty()


def test_two_windows_see_each_other(page, browser, server, tmp_path):
    other = browser.new_context().new_page()
    other.goto(server.url + "/assets/lite.html")
    note = tmp_path / "Shared note.txt"
    note.write_text("Both windows show this note.")
    other.set_input_files("#file", str(note))
    expect(page.locator("#documents li", has_text="Shared note")).to_have_count(1)
    other.context.close()


def test_narrow_has_no_sideways_scroll(page):
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
