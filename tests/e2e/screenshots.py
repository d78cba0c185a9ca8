"""screenshots.py FOLDER: every screen in light and dark, wide, narrow (360 px) and 4K, as PNG files."""
import os
import sys
import tempfile
from pathlib import Path

from page_lib import chromium, fill, watched
from server import Server

SIZES = {"wide": (1440, 900), "narrow": (360, 740), "4k": (3840, 2160)}


def opened(page, name):
    """The states that are not a screen's first view."""
    if name == "talk-source":
        page.locator(".sources .chip").first.click()
        page.locator(".passage mark").first.wait_for()
    elif name == "search":
        page.keyboard.press("Control+k")
        page.locator("#q").fill("rent and deposit")
        page.locator(".hit mark").first.wait_for()
    elif name == "reader":
        page.locator("#documents .doc-open", has_text="Rental agreement").click()
        page.locator("#reader-text").wait_for()
    elif name == "reader-about":
        page.locator("#documents .doc-open", has_text="Rental agreement").click()
        page.get_by_role("button", name="About").click()
        page.locator(".related-open").first.wait_for()


VIEWS = [("today", "#/today"), ("talk", "#/talk"), ("talk-source", "#/talk"), ("library", "#/library"),
         ("ledger", "#/library?view=ledger"), ("reader", "#/library"), ("reader-about", "#/library"),
         ("search", "#/today"), ("tasks", "#/tasks"), ("calendar", "#/tasks?view=calendar"), ("memory", "#/memory"),
         ("system", "#/system"), ("settings", "#/system?view=settings")]


def shoot(folder, only):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, Server(data, "--zone", "Europe/Berlin") as server, chromium() as browser:
        with watched(browser, server) as page:
            page.goto(server.url + "/")
            page.locator(".check, .empty, .brief").first.wait_for()
            page.screenshot(path=folder / "first-run-wide-light.png")
        session = fill(server)
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                for name, path in VIEWS:
                    if only and not any(o in f"{name}-{size}-{theme}" for o in only):
                        continue
                    with watched(browser, server, viewport={"width": width, "height": height}, color_scheme=theme) as page:
                        page.add_init_script(f"sessionStorage.setItem('sotto.session', '{session}')")
                        page.goto(server.url + "/" + path)
                        page.locator("h1").first.wait_for()
                        page.wait_for_load_state("networkidle")
                        opened(page, name)
                        page.wait_for_timeout(450)  # motion is over
                        page.screenshot(path=folder / f"{name}-{size}-{theme}.png")


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    shoot(Path(sys.argv[1]).resolve(), sys.argv[2:])
