"""screenshots.py FOLDER [PART ...]: every screen in light and dark, at 1280, 360 px and 4K, as PNG files; only those whose name
(SCREEN-SIZE-THEME) has one of the parts."""
import os
import sys
import tempfile
import time
from pathlib import Path

from page_lib import call, chromium, fill, fill_before, watched
from server import Server

SIZES = {"wide": (1280, 800), "narrow": (360, 740), "4k": (3840, 2160)}
EMPTY = [("first-run", "today"), ("first-talk", "talk"), ("first-library", "library"), ("first-tasks", "tasks"),
         ("first-memory", "memory")]
VIEWS = [("today", "today"), ("talk", "talk"), ("talk-source", "talk"), ("library", "library"), ("ledger", "library?view=ledger"),
         ("folders", "library?view=folders"), ("reader", "library"), ("reader-about", "library"), ("search", "today"),
         ("tasks", "tasks"), ("quick-add", "tasks"), ("calendar", "tasks?view=calendar"), ("memory", "memory"), ("system", "system"),
         ("settings", "system?view=settings"), ("access", "system?view=access")]


def opened(page, name, server):
    """The states that are not a screen's first view."""
    if name == "talk-source":
        page.locator(".sources .chip").first.click()
        page.locator(".passage mark").first.wait_for()
    elif name == "search":
        page.keyboard.press("Control+k")
        page.locator("#q").fill("rent and deposit")
        page.locator(".hit mark").first.wait_for()
    elif name == "reader":
        page.keyboard.press("Control+k")
        page.locator("#q").fill("notice period")
        page.locator(".hit mark").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator("#reader-text mark").wait_for()
    elif name == "reader-about":
        page.locator("#documents .doc-open", has_text="Rental agreement").click()
        page.get_by_role("button", name="About").click()
        page.locator(".related-open").first.wait_for()
    elif name == "quick-add":
        page.locator("#quick").fill("Call the plumber on Friday at four, urgent #home")
        page.locator(".understood .chip").first.wait_for()
    elif name == "system":
        for text in ("rent", "deposit", "who wrote", "kitchen", "tax"):  # so that the charts have something to show
            call(server, "GET", "/api/v1/knowledge/search?q=" + text.replace(" ", "+"))
            call(server, "POST", "/api/v1/conversations/messages", {"message": "What is the " + text + "?"})
            page.wait_for_timeout(2050)


def shoot(browser, server, folder, views, session, only):
    for size, (width, height) in SIZES.items():
        for theme in ("light", "dark"):
            todo = [v for v in views if not only or any(o in f"{v[0]}-{size}-{theme}" for o in only)]
            if not todo:
                continue
            with watched(browser, server, viewport={"width": width, "height": height}, color_scheme=theme) as page:
                if session:
                    page.add_init_script(f"if (location.protocol == 'http:') sessionStorage.setItem('sotto.session', '{session}')")
                for name, path in todo:
                    page.goto("about:blank")
                    page.goto(server.url + "/#/" + path)
                    page.locator("h1").first.wait_for()
                    page.wait_for_load_state("networkidle")
                    opened(page, name, server)
                    page.wait_for_timeout(450)  # motion is over
                    page.screenshot(path=folder / f"{name}-{size}-{theme}.png")


def main(folder, only):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, chromium() as browser:
        then = {"SOTTO_NOW": time.strftime("%Y-%m-%dT08:00:00Z", time.gmtime(time.time() - 30 * 86400))}
        with Server(data, "--zone", "Europe/Berlin") as server:
            shoot(browser, server, folder, EMPTY, None, only)
        with Server(data, "--zone", "Europe/Berlin", env=then) as server:
            fill_before(server)
        with Server(data, "--zone", "Europe/Berlin") as server:
            shoot(browser, server, folder, VIEWS, fill(server), only)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = Path(sys.argv[1]).resolve()
    os.chdir(Path(__file__).parent)
    main(folder, sys.argv[2:])
