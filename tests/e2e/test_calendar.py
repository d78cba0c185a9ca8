"""Calendars against libraries that nobody here wrote (icalendar, recurring-ical-events, dateutil):
in, out, round trip, series and their exceptions; addresses; hostile files; the command line."""
import datetime as dt
import http.server
import json
import random
import subprocess
import threading
import time
import zoneinfo

import icalendar
import pytest
import recurring_ical_events
import requests

from server import PROGRAM, Server

UTC = dt.timezone.utc
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW = "2026-11-23T08:00:00Z"


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, env={"SOTTO_NOW": NOW, "SOTTO_ZONE": "Europe/Berlin"}) as s:
        s.api = s.url + "/api/v1/calendar"
        yield s


def bring(server, data, status=200, **fields):
    r = requests.post(server.api + "/import", files={"file": ("a.ics", data)}, data=fields, timeout=60)
    assert r.status_code == status, r.text
    return r.json()


def schedule(server, begin, end, tz="UTC"):
    r = requests.get(server.api + "/events", timeout=60,
                     params={"from": begin, "until": end, "tz": tz, "cancelled": "true", "limit": 20000})
    r.raise_for_status()
    return r.json()


def feed(server, **params):
    r = requests.get(server.api + ".ics", params=params, timeout=60)
    r.raise_for_status()
    assert r.headers["Content-Type"].startswith("text/calendar")
    return r.content


def wrap(*components, extra=""):
    body = "\r\n".join(c.strip().replace("\n", "\r\n") for c in components)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n{extra}{body}\r\nEND:VCALENDAR\r\n".encode()


def event(uid, start, rest="", summary="x"):
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\n{start}\nSUMMARY:{summary}\n{rest}".rstrip() + "\nEND:VEVENT"


# ---- series against recurring-ical-events ------------------------------------------------------

def random_calendar(rng):
    """Series in zones, floating and of whole days, with exceptions, in a file icalendar writes."""
    cal = icalendar.Calendar()
    cal.add("prodid", "-//test//test//EN")
    cal.add("version", "2.0")
    zones = [UTC, BERLIN, zoneinfo.ZoneInfo("America/New_York"), zoneinfo.ZoneInfo("Australia/Sydney"), None]
    for n in range(40):
        e = icalendar.Event()
        e.add("uid", f"{n}@test")
        e.add("dtstamp", dt.datetime(2026, 1, 1, tzinfo=UTC))
        e.add("summary", f"Über {n}, with; signs\\ and\na line")
        whole = rng.random() < 0.25
        day = dt.date(2025, rng.randint(1, 12), rng.randint(1, 28))
        zone = rng.choice(zones)
        begin = day if whole else dt.datetime.combine(
            day, dt.time(rng.randint(6, 21), rng.choice([0, 15, 30])), zone)
        length = dt.timedelta(days=rng.randint(1, 3)) if whole else dt.timedelta(minutes=rng.choice([15, 60, 600]))
        e.add("dtstart", begin)
        if rng.random() < 0.5:
            e.add("dtend", begin + length)
        else:
            e.add("duration", length)
        freq = rng.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
        rule = {"FREQ": freq, "INTERVAL": rng.choice([1, 1, 2, 3])}
        if rng.random() < 0.4:
            rule["COUNT"] = rng.randint(2, 200)
        elif rng.random() < 0.5:
            rule["UNTIL"] = (day + dt.timedelta(days=500) if whole else
                             (begin + dt.timedelta(days=500)) if zone is None else
                             (begin + dt.timedelta(days=500)).astimezone(UTC))
        if freq == "WEEKLY" and rng.random() < 0.6:
            rule["BYDAY"] = [["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.weekday()]] + rng.sample(
                ["MO", "WE", "FR"], 1)
            rule["BYDAY"] = sorted(set(rule["BYDAY"]))
        e.add("rrule", rule)
        occurrences = [o["DTSTART"].dt for o in recurring_ical_events.of(e).between(
            dt.date(2025, 1, 1), dt.date(2027, 6, 1))]
        if len(occurrences) > 4 and rng.random() < 0.5:
            e.add("exdate", occurrences[2] if rng.random() < 0.5 else [occurrences[1], occurrences[3]])
        cal.add_component(e)
        if len(occurrences) > 8 and rng.random() < 0.5:
            moved = icalendar.Event()
            moved.add("uid", f"{n}@test")
            moved.add("dtstamp", dt.datetime(2026, 1, 1, tzinfo=UTC))
            moved.add("recurrence-id", occurrences[6])
            moved.add("dtstart", occurrences[6] + dt.timedelta(days=1))
            moved.add("dtend", occurrences[6] + dt.timedelta(days=1) + length)
            moved.add("summary", "moved")
            cal.add_component(moved)
    cal.add_missing_timezones()
    return cal


def theirs(cal, begin, end):
    found = []
    for e in recurring_ical_events.of(cal).between(begin, end):
        d = e["DTSTART"].dt
        if isinstance(d, dt.datetime):
            d = d.replace(tzinfo=UTC) if d.tzinfo is None else d
            found.append((d.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), str(e["SUMMARY"])))
        else:
            found.append((d.isoformat(), str(e["SUMMARY"])))
    return sorted(found)


def ours(answer):
    found = []
    for e in answer["events"]:
        s = e["start"]
        if not e["all_day"]:
            s = dt.datetime.fromisoformat(s).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        found.append((s, e["title"]))
    return sorted(found)


@pytest.mark.parametrize("seed", range(4))
def test_series_as_another_library_has_them(server, seed):
    cal = random_calendar(random.Random(seed))
    report = bring(server, cal.to_ical())
    assert report["import"]["created"] >= 40 and report["import"]["notes"] == []
    for begin, end in [(dt.date(2025, 1, 1), dt.date(2026, 1, 1)), (dt.date(2026, 3, 20), dt.date(2026, 4, 10)),
                       (dt.date(2026, 10, 1), dt.date(2027, 2, 1))]:
        answer = schedule(server, begin.isoformat(), end.isoformat())
        assert not answer["truncated"]
        wanted = theirs(cal, dt.datetime.combine(begin, dt.time(), UTC), dt.datetime.combine(end, dt.time(), UTC))
        assert len(wanted) > 20
        assert ours(answer) == wanted
    # What goes out means the same to them, and nothing is new when it comes in again.
    out = feed(server)
    again = icalendar.Calendar.from_ical(out)
    begin, end = dt.datetime(2026, 1, 1, tzinfo=UTC), dt.datetime(2027, 1, 1, tzinfo=UTC)
    assert theirs(again, begin, end) == theirs(cal, begin, end)
    second = bring(server, out)["import"]
    assert second["created"] == second["updated"] == second["removed"] == 0
    assert second["unchanged"] == report["import"]["created"]
    assert feed(server) == out


# ---- round trip --------------------------------------------------------------------------------

RICH = wrap("""
BEGIN:VTIMEZONE
TZID:Company Zone
X-NOTE:keep me
BEGIN:STANDARD
DTSTART:19701101T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0430
TZOFFSETTO:-0530
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700308T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0530
TZOFFSETTO:-0430
END:DAYLIGHT
END:VTIMEZONE
""", """
BEGIN:VEVENT
UID:rich@test
DTSTAMP:20260101T120000Z
DTSTART;TZID=Company Zone:20261201T090000
DTEND;TZID=Company Zone:20261201T100000
SUMMARY;LANGUAGE=de:Größe: 10\\; 20\\, „viel“ 🎉
DESCRIPTION:""" + "ä€🎉 long words " * 30 + """\\nsecond line\\\\end
X-UNKNOWN;X-P="a;b:c,d":value:with;signs,and\\,more
ATTENDEE;CN="Müller, A";PARTSTAT=ACCEPTED:mailto:a@example.com
GEO:48.1;11.5
CATEGORIES:A,B
SEQUENCE:3
BEGIN:VALARM
ACTION:EMAIL
TRIGGER;RELATED=END:-PT5M
SUMMARY:Soon
ATTENDEE:mailto:b@example.com
X-INSIDE:1
END:VALARM
END:VEVENT
""")


def lines_of(data):
    return data.decode().replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")


def test_what_we_do_not_understand_comes_out_as_it_came_in(server):
    bring(server, RICH)
    out = feed(server)
    for line in out.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is cut in two
    assert b"\n" not in out.replace(b"\r\n", b"")
    came, went = lines_of(RICH), lines_of(out)
    for line in came:
        if line and not line.startswith(("PRODID", "END:VCALENDAR")):
            assert line in went, line
    e = [c for c in icalendar.Calendar.from_ical(out).walk("VEVENT")][0]
    assert str(e["SUMMARY"]) == "Größe: 10; 20, „viel“ 🎉" and e["X-UNKNOWN"].params["X-P"] == "a;b:c,d"
    got = schedule(server, "2026-12-01", "2026-12-02")["events"][0]
    assert got["start"] == "2026-12-01T14:30:00Z"  # by the zone's own definition
    assert got["remind_before"] == ["-PT55M"]  # five minutes before the end: after the begin


def test_a_change_leaves_the_other_lines(server):
    bring(server, RICH)
    got = schedule(server, "2026-12-01", "2026-12-02")["events"][0]
    r = requests.patch(f"{server.api}/events/{got['id']}", json={"title": "Kürzer, neu"}, timeout=60)
    assert r.status_code == 200, r.text
    went = lines_of(feed(server))
    assert "SUMMARY:Kürzer\\, neu" in went and "SEQUENCE:4" in went
    for kept in ['X-UNKNOWN;X-P="a;b:c,d":value:with;signs,and\\,more', "GEO:48.1;11.5", "X-INSIDE:1",
                 "DTSTART;TZID=Company Zone:20261201T090000"]:
        assert kept in went
    assert bring(server, RICH)["import"]["older"] == 1  # the file is older than the change now
    assert schedule(server, "2026-12-01", "2026-12-02")["events"][0]["title"] == "Kürzer, neu"


def test_newer_and_older(server):
    def version(sequence, title, modified):
        return wrap(event("v@test", "DTSTART:20261201T100000Z", f"SEQUENCE:{sequence}\nLAST-MODIFIED:{modified}", title))
    counts = lambda data: {k: v for k, v in bring(server, data)["import"].items() if v and k != "notes"}
    assert counts(version(1, "one", "20260101T000000Z")) == {"created": 1}
    assert counts(version(1, "one", "20260101T000000Z")) == {"unchanged": 1}
    assert counts(version(0, "zero", "20260102T000000Z")) == {"older": 1}
    assert counts(version(1, "later", "20260103T000000Z")) == {"updated": 1}
    assert counts(version(1, "earlier", "20260102T000000Z")) == {"older": 1}
    assert counts(version(2, "two", "20250101T000000Z")) == {"updated": 1}


def test_windows_zones_and_lost_ones(server):
    report = bring(server, wrap(
        event("w", "DTSTART;TZID=W. Europe Standard Time:20260701T100000"),
        event("p", 'DTSTART;TZID="/mozilla.org/20070129_1/America/New_York":20260701T100000'),
        event("l", "DTSTART;TZID=Nowhere/At All:20260701T100000")))
    assert [n for n in report["import"]["notes"] if "nobody knows" in n]
    starts = {e["uid"]: (e["start"], e["floating"]) for e in schedule(server, "2026-07-01", "2026-07-02")["events"]}
    assert starts == {"w": ("2026-07-01T08:00:00Z", False), "p": ("2026-07-01T14:00:00Z", False),
                      "l": ("2026-07-01T10:00:00Z", True)}


# ---- single events -----------------------------------------------------------------------------

def test_make_change_delete(server):
    def call(method, path, status, **json_body):
        r = requests.request(method, server.api + path, json=json_body or None, timeout=60)
        assert r.status_code == status, r.text
        return r.json() if r.content else None

    e = call("POST", "/events", 201, title="Stand-up", start="2026-11-23T09:00", end="2026-11-23T09:15",
             rrule="FREQ=DAILY;COUNT=10", remind_before=["PT10M"], location="Room 1")
    assert e["start"] == "2026-11-23T09:00:00+01:00" and e["zone"] == "Europe/Berlin"
    days = [x["start"] for x in schedule(server, "2026-11-23", "2026-12-24", "Europe/Berlin")["events"]]
    assert len(days) == 10 and days[9] == "2026-12-02T09:00:00+01:00"
    second = schedule(server, "2026-11-24", "2026-11-25", "Europe/Berlin")["events"][0]["occurrence"]
    third = schedule(server, "2026-11-25", "2026-11-26", "Europe/Berlin")["events"][0]["occurrence"]
    moved = call("PATCH", f"/events/{e['id']}?occurrence={second}", 200, start="2026-11-24T11:00", title="Late")
    assert moved["id"] != e["id"] and moved["occurrence"] == second
    call("DELETE", f"/events/{e['id']}?occurrence={third}", 204)
    call("DELETE", f"/events/{e['id']}?occurrence={third}", 404)
    week = [(x["start"][5:16], x["title"]) for x in schedule(server, "2026-11-23", "2026-11-27", "Europe/Berlin")["events"]]
    assert week == [("11-23T09:00", "Stand-up"), ("11-24T11:00", "Late"), ("11-26T09:00", "Stand-up")]
    cal = icalendar.Calendar.from_ical(feed(server))
    found = theirs(cal, dt.datetime(2026, 11, 23, tzinfo=BERLIN), dt.datetime(2026, 11, 27, tzinfo=BERLIN))
    assert found == [("2026-11-23T08:00:00", "Stand-up"), ("2026-11-24T10:00:00", "Late"), ("2026-11-26T08:00:00", "Stand-up")]
    call("DELETE", f"/events/{moved['id']}", 204)  # that day stays empty
    assert len(schedule(server, "2026-11-24", "2026-11-25", "Europe/Berlin")["events"]) == 0
    call("DELETE", f"/events/{e['id']}", 204)
    assert schedule(server, "2026-11-01", "2027-11-27")["events"] == []
    day = call("POST", "/events", 201, title="Holiday", start="2026-12-24", end="2026-12-27")
    assert day["all_day"] and (day["start"], day["end"]) == ("2026-12-24", "2026-12-27")
    assert len(schedule(server, "2026-12-26", "2026-12-27", "America/New_York")["events"]) == 1
    for bad in [{"title": "x", "start": "tomorrow"}, {"title": "x", "start": "2026-12-24", "end": "2026-12-24"},
                {"title": "x", "start": "2026-12-24T10:00", "end": "2026-12-24T09:00"},
                {"title": "x", "start": "2026-12-24T10:00", "zone": "Mars/Base"},
                {"title": "x", "start": "2026-12-24T10:00", "rrule": "FREQ=SOMETIMES"}]:
        call("POST", "/events", 400, **bad)


def test_todos_become_tasks_once(server):
    data = wrap("BEGIN:VTODO\nUID:t@test\nDTSTAMP:20260101T000000Z\nSUMMARY:Pay rent\nDUE:20261201T090000Z\nPRIORITY:1\n"
                "CATEGORIES:home,money\nEND:VTODO")
    assert bring(server, data)["import"]["tasks_created"] == 1
    assert bring(server, data)["import"]["tasks_known"] == 1
    tasks = requests.get(server.url + "/api/v1/tasks", timeout=60).json()["tasks"]
    assert [(t["title"], t["priority"], sorted(t["tags"])) for t in tasks] == [("Pay rent", "urgent", ["home", "money"])]
    todo = icalendar.Calendar.from_ical(feed(server)).walk("VTODO")[0]
    assert todo["UID"] == "t@test" and todo["DUE"].dt.astimezone(UTC) == dt.datetime(2026, 12, 1, 9, tzinfo=UTC)
    requests.post(server.url + "/api/v1/tasks", json={"title": "Own", "due_at": "2026-12-03"}, timeout=60).raise_for_status()
    out = feed(server)
    assert {str(t["SUMMARY"]) for t in icalendar.Calendar.from_ical(out).walk("VTODO")} == {"Pay rent", "Own"}
    assert bring(server, out)["import"]["tasks_known"] == 2
    assert not icalendar.Calendar.from_ical(feed(server, tasks="false")).walk("VTODO")


def test_feed_has_an_etag(server):
    bring(server, RICH)
    first = requests.get(server.api + ".ics", timeout=60)
    same = requests.get(server.api + ".ics", headers={"If-None-Match": first.headers["ETag"]}, timeout=60)
    assert same.status_code == 304 and same.content == b""
    bring(server, wrap(event("new", "DTSTART:20261201T100000Z")))
    assert requests.get(server.api + ".ics", headers={"If-None-Match": first.headers["ETag"]}, timeout=60).status_code == 200


# ---- hostile -----------------------------------------------------------------------------------

def test_hostile_files_are_bounded(server):
    endless = wrap(*(event(f"e{i}", "DTSTART:20200101T000000Z", "RRULE:" + rule) for i, rule in enumerate([
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=SECONDLY", "FREQ=SECONDLY;COUNT=2147483647;BYMONTH=11",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;INTERVAL=2147483647", "FREQ=DAILY;BYSETPOS=5;BYHOUR=1"])))
    bring(server, endless)
    begun = time.monotonic()
    answer = schedule(server, "2026-11-01", "2026-12-01")
    assert answer["truncated"] and len(answer["events"]) <= 20000 and time.monotonic() - begun < 20
    deep = wrap("BEGIN:VEVENT\nUID:deep\nDTSTART:20261201T100000Z\n" + "BEGIN:X-A\n" * 5000 + "END:X-A\n" * 5000 + "END:VEVENT",
                event("fine", "DTSTART:20261201T100000Z"))
    report = bring(server, deep)["import"]
    assert report["created"] == 1 and "nested too deep" in report["notes"][0]
    giant = wrap(event("big", "DTSTART:20261201T100000Z", "DESCRIPTION:" + "a" * 3_000_000), event("ok", "DTSTART:20261201T110000Z"))
    report = bring(server, giant)["import"]
    assert report["created"] == 2 and "too long" in report["notes"][0]
    many = b"BEGIN:VCALENDAR\r\n" + b"".join(
        b"BEGIN:VEVENT\r\nUID:m%d\r\nDTSTART:20261201T100000Z\r\nEND:VEVENT\r\n" % i for i in range(100_000)) + b"END:VCALENDAR\r\n"
    report = bring(server, many)["import"]
    assert report["created"] == 50_000 and "50000 entries more than are taken" in report["notes"][0]
    for junk in [b"", b"hello", b"\x00\xff" * 1000, b"BEGIN:VCARD\r\nEND:VCARD\r\n"]:
        r = requests.post(server.api + "/import", files={"file": ("a.ics", junk)}, timeout=60)
        assert r.status_code in (400, 415) and r.json()["detail"], r.text
    assert requests.get(server.url + "/health/live", timeout=60).status_code == 200


# ---- addresses ---------------------------------------------------------------------------------

class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        status, headers, body = self.server.answer(self)
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            pass

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    s.asked, s.data, s.tag = [], wrap(event("a", "DTSTART:20261201T100000Z", summary="first")), '"1"'

    def answer(request):
        if request.headers.get("If-None-Match") == s.tag:
            return 304, {"ETag": s.tag}, b""
        return 200, {"ETag": s.tag, "Content-Type": "text/calendar"}, s.data
    s.answer = answer
    s.url = f"http://127.0.0.1:{s.server_address[1]}/cal.ics"
    thread = threading.Thread(target=s.serve_forever, daemon=True)
    thread.start()
    yield s
    s.shutdown()
    s.server_close()


def test_subscription(server, site):
    def subscribe(**body):
        return requests.post(server.api + "/calendars", json=body, timeout=60)

    def refresh(k):
        r = requests.post(f"{server.api}/calendars/{k}/refresh", timeout=60)
        r.raise_for_status()
        return r.json()

    r = subscribe(address=site.url)
    assert r.status_code == 403 and site.asked == []  # this machine, unless it is said
    assert subscribe(address="ftp://example.com/x").status_code == 400
    r = subscribe(address=site.url, private_network=True, name="Team")
    assert r.status_code == 201, r.text
    k = r.json()
    assert (k["state"], k["import"]["created"], k["refresh_seconds"]) == ("ok", 1, 3600)
    assert subscribe(address=site.url, private_network=True).status_code == 409
    titles = lambda: [e["title"] for e in schedule(server, "2026-12-01", "2026-12-05")["events"]]
    assert titles() == ["first"]

    same = refresh(k["id"])
    assert same["import"]["created"] == same["import"]["updated"] == 0 and titles() == ["first"]
    assert site.asked[-1]["If-None-Match"] == '"1"'

    site.data, site.tag = wrap(event("b", "DTSTART:20261202T100000Z", summary="second")), '"2"'
    changed = refresh(k["id"])["import"]
    assert (changed["created"], changed["removed"]) == (1, 1) and titles() == ["second"]

    good = site.answer
    for answer, problem in [(lambda _: (500, {}, b""), "status 500"), (lambda _: (404, {}, b""), "status 404"),
                            (lambda _: (302, {"Location": "http://127.0.0.1:9/"}, b""), "redirect"),
                            (lambda _: (200, {}, b"<html>login</html>"), "no calendar"),
                            (lambda _: (200, {"Content-Type": "text/calendar"}, b"x" * (33 << 20)), "")]:
        site.answer = answer
        failed = refresh(k["id"])
        assert failed["state"] == "failed" and problem in failed["problem"] and failed["problem"], failed
        assert titles() == ["second"]  # what was there stays
    assert failed["failures"] == 5 and failed["next_at"] > failed["checked_at"]
    site.answer = good
    assert refresh(k["id"])["state"] == "ok"

    got = schedule(server, "2026-12-01", "2026-12-05")["events"][0]
    assert requests.patch(f"{server.api}/events/{got['id']}", json={"title": "x"}, timeout=60).status_code == 403
    assert requests.delete(f"{server.api}/events/{got['id']}", timeout=60).status_code == 403
    r = requests.post(server.api + "/import", files={"file": ("a.ics", RICH)}, data={"calendar": k["id"]}, timeout=60)
    assert r.status_code == 403
    assert b"second" not in feed(server) and b"second" in feed(server, subscribed="true")
    assert requests.delete(f"{server.api}/calendars/{k['id']}", timeout=60).status_code == 204
    assert titles() == []


def test_an_address_is_looked_at_by_itself(tmp_path, site):
    env = {"SOTTO_ZONE": "UTC"}
    with Server(tmp_path, env={**env, "SOTTO_NOW": NOW}) as s:
        r = requests.post(s.url + "/api/v1/calendar/calendars", timeout=60,
                          json={"address": site.url, "private_network": True, "refresh_seconds": 300})
        assert r.status_code == 201
        asked = len(site.asked)
    site.data, site.tag = wrap(event("c", "DTSTART:20261203T100000Z", summary="third")), '"3"'
    with Server(tmp_path, env={**env, "SOTTO_NOW": "2026-11-23T10:00:00Z"}) as s:
        for _ in range(300):
            if len(site.asked) > asked:
                break
            time.sleep(0.1)
        for _ in range(100):
            r = requests.get(s.url + "/api/v1/calendar/events", timeout=60,
                             params={"from": "2026-12-01", "until": "2026-12-05"}).json()
            if [e["title"] for e in r["events"]] == ["third"]:
                break
            time.sleep(0.1)
        assert [e["title"] for e in r["events"]] == ["third"]


# ---- the command line --------------------------------------------------------------------------

def test_command_line(tmp_path):
    s = Server(tmp_path, env={"SOTTO_NOW": NOW, "SOTTO_ZONE": "Europe/Berlin"})

    def sotto(*words, status=0):
        r = subprocess.run([PROGRAM, *words], env=s.environment(), capture_output=True, timeout=120)
        assert r.returncode == status, r.stderr.decode()
        return r.stdout.decode()

    (tmp_path / "a.ics").write_bytes(wrap(
        event("d", "DTSTART;TZID=Europe/Berlin:20261123T150000", "LOCATION:Main Street", "Dentist"),
        event("e", "DTSTART;VALUE=DATE:20261124", summary="Esc\x1b[31mape")))
    assert "2 new" in sotto("calendar", "import", tmp_path / "a.ics")
    assert "2 unchanged" in sotto("calendar", "import", tmp_path / "a.ics")
    today = sotto("calendar")
    assert today.startswith("2026-11-23T15:00:00+01:00\t") and "Dentist\tMain Street" in today
    assert "Dentist" not in sotto("calendar", "tomorrow") and "\x1b" not in sotto("calendar", "week")
    assert len(sotto("calendar", "week").splitlines()) == 2
    sotto("calendar", "add", "Lunch", "2026-11-25T12:00", "2026-11-25T13:00", "--repeat", "FREQ=DAILY;COUNT=2")
    assert [line.split("\t")[2] for line in sotto("calendar", "2026-11-26").splitlines()] == ["Lunch"]
    answer = json.loads(sotto("calendar", "week", "--json"))
    assert [e["title"] for e in answer["events"]][0] == "Dentist"
    sotto("calendar", "export", "--output", tmp_path / "out.ics")
    assert len(icalendar.Calendar.from_ical((tmp_path / "out.ics").read_bytes()).walk("VEVENT")) == 3
    assert "3 unchanged" in sotto("calendar", "import", tmp_path / "out.ics")
    sotto("calendar", "delete", answer["events"][0]["id"])
    assert sotto("calendar") == ""
    sotto("calendar", "someday", status=2)
    sotto("calendar", "import", tmp_path / "missing.ics", status=3)
    with s:
        assert "Lunch" in sotto("calendar", "2026-11-26")
        assert "local" in sotto("calendar", "list")
