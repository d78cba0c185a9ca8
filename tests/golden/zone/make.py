#!/usr/bin/env python3
"""Makes tests/golden/zone: TZif files and what Python's zoneinfo (the reference) says about them.

    python3 tests/golden/zone/make.py

*.tzif   copies of the system's files (public domain) and some made here: version 1 only, and a
         version 2 file without a transition, for rules that no real zone has
table.tsv rows "utc FILE SECONDS OFFSET DST ABBREV" and
         "local FILE YYYY MM DD hh mm ss FIT SECONDS"; FIT is once, skipped or twice, SECONDS the
         instant that the rule of zone.h picks (Python: fold=0)
"""
import datetime as dt
import pathlib
import random
import struct
import zoneinfo

HERE = pathlib.Path(__file__).parent
SYSTEM = pathlib.Path("/usr/share/zoneinfo")
REAL = """Europe/Berlin America/New_York Africa/Casablanca Asia/Kolkata Australia/Lord_Howe
America/Nuuk Pacific/Apia Asia/Kathmandu Europe/Dublin America/Sao_Paulo Etc/UTC Asia/Tehran
Antarctica/Troll Africa/Monrovia America/Havana""".split()
RULES = {
    "rule_always_daylight": "XXX3EDT4,0/0,J365/23",
    "rule_wide_hours": "AAA-2BBB,M3.4.4/50,M10.4.4/50",
    "rule_negative_hours": "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "rule_south": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
}
# Not asked of Python, which is a day off in the forms "J60" and "300"; test_zone.c knows the answers.
UNCHECKED = {"rule_julian": "AAA5BBB4:30:15,J60/2,300/3:15:30"}
EPOCH = dt.datetime(1970, 1, 1)


def footer_only(rule):
    header = lambda v, n: b"TZif" + v + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, n, 4 * n)
    one = struct.pack(">iBB", 0, 0, 0) + b"UTC\0"
    return header(b"2", 1) + one + header(b"2", 1) + one + b"\n" + rule.encode() + b"\n"


def version_1(data):
    counts = struct.unpack(">6I", data[20:44])
    isut, isstd, leap, time, types, chars = counts
    size = time * 5 + types * 6 + chars + leap * 8 + isstd + isut
    return b"TZif\0" + data[5:44] + data[44:44 + size]


def seconds(local, offset):
    return round((local - EPOCH - offset).total_seconds())


def rows(name, zone, rng, first, last):
    utc = [rng.randrange(first, last) for _ in range(60)]
    # Both sides of changes: walk in steps of half a day and halve.
    edges = []
    at = dt.datetime.fromtimestamp(first, dt.timezone.utc)
    for _ in range(4000):
        nxt = at + dt.timedelta(days=rng.randrange(1, 40))
        if nxt.timestamp() >= last:
            break
        if at.astimezone(zone).utcoffset() != nxt.astimezone(zone).utcoffset():
            lo, hi = int(at.timestamp()), int(nxt.timestamp())
            while hi - lo > 1:
                mid = (lo + hi) // 2
                same = (dt.datetime.fromtimestamp(mid, zone).utcoffset()
                        == at.astimezone(zone).utcoffset())
                lo, hi = (mid, hi) if same else (lo, mid)
            edges.append(hi)
        at = nxt
    rng.shuffle(edges)
    for hi in edges[:25]:
        utc += [hi - 1, hi]
    for s in sorted(set(utc)):
        t = dt.datetime.fromtimestamp(s, zone)
        yield "utc", name, s, round(t.utcoffset().total_seconds()), int(bool(t.dst())), t.tzname()
    for hi in sorted(edges[:25]):
        local = dt.datetime.fromtimestamp(hi, zone).replace(tzinfo=None)
        for minutes in (-181, -90, -60, -59, -45, -30, -20, -15, -1, 0, 1, 15, 29, 30, 59, 60, 61,
                        150):
            t = local + dt.timedelta(minutes=minutes)
            a, b = t.replace(tzinfo=zone), t.replace(tzinfo=zone, fold=1)
            first_s, second_s = seconds(t, a.utcoffset()), seconds(t, b.utcoffset())
            fit = "once" if first_s == second_s else "twice" if first_s < second_s else "skipped"
            yield ("local", name, t.year, t.month, t.day, t.hour, t.minute, t.second, fit, first_s)


def main():
    rng = random.Random(8536)
    files = {}
    for name in REAL:
        files[name.replace("/", "-")] = (SYSTEM / name).read_bytes()
    files["v1-Berlin"] = version_1((SYSTEM / "Europe/Berlin").read_bytes())
    for name, rule in (RULES | UNCHECKED).items():
        files[name] = footer_only(rule)
    out = ["# made by make.py; do not edit"]
    for name, data in sorted(files.items()):
        path = HERE / f"{name}.tzif"
        path.write_bytes(data)
        if name in UNCHECKED:
            continue
        with path.open("rb") as f:
            zone = zoneinfo.ZoneInfo.from_file(f, key=name)
        # A file of version 1 knows what 32 bits of seconds reach.
        whole = not name.startswith("v1")
        first, last = (-5000000000, 9000000000) if whole else (-2500000000, 2100000000)
        out += ["\t".join(map(str, r)) for r in rows(name, zone, rng, first, last)]
    (HERE / "table.tsv").write_text("\n".join(out) + "\n")
    print(len(out), "rows")


if __name__ == "__main__":
    main()
