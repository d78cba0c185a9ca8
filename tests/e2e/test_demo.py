"""`make demo` as a person runs it, without the pauses: every answer and citation is checked by the demo itself; it ends
with the briefing of the folder."""
import os
import subprocess

from server import MODELS, PROGRAM, ROOT


def test_demo_ends_with_the_briefing():
    env = {**os.environ, "DEMO_PACE": "0", "SOTTO_BIN": str(PROGRAM.resolve()), "SOTTO_MODELS": str(MODELS), "TERM": "dumb"}
    done = subprocess.run(["demo/run.sh"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    page = done.stdout[done.stdout.index("== The morning page"):]
    sections = ["Important Reminders", "Today", "Recent Updates", "Trending Topics", "Worth another look"]
    places = [page.index(title) for title in sections]
    assert places == sorted(places)
    assert "call the plumber" in page and "dentist" in page
    assert "each with its reason" in page
    assert done.stdout.rstrip().splitlines()[-1].startswith("every question answered, every citation proven")
