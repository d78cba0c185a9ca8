#!/usr/bin/env python3
"""Makes rules.txt: random recurrence rules with their occurrences as python-dateutil has them.

    make.py [NUMBER] > rules.txt

A line is RULE TAB START TAB occurrences (local time, YYYYMMDDTHHMMSS, at most 9, separated by
spaces), then "." when there are no more. Not asked, because the two differ on purpose
(docs/CALENDAR.md): BYWEEKNO without BYDAY (here the start's weekday, there every day), BYSETPOS in
the start's own week (here the whole week counts, there what is left of it), the weeks 52 and 53
(the reference takes 1 January 2039 for week 53 of 2038, which has 52), and what takes the reference
too long.
"""
import datetime
import random
import signal
import sys

from dateutil.rrule import rrulestr

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FREQS = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]
random.seed(5545)


def some(low, high, most, negative=False):
    values = set()
    for _ in range(random.randint(1, most)):
        v = random.randint(low, high)
        values.add(-v if negative and v and random.random() < 0.4 else v)
    return ",".join(map(str, sorted(values)))


def rule():
    freq = random.choice(FREQS[:4] * 4 + FREQS)
    parts = ["FREQ=" + freq]
    if random.random() < 0.4:
        parts.append("INTERVAL=%d" % random.choice([2, 2, 3, 4, 5, 6, 7, 10, 15, 45]))
    end = random.random()
    if end < 0.25:
        parts.append("COUNT=%d" % random.randint(1, 40))
    elif end < 0.4:
        until = datetime.datetime(random.randint(1998, 2030), random.randint(1, 12),
                                  random.randint(1, 28), random.randint(0, 23), 30)
        parts.append(until.strftime("UNTIL=%Y%m%dT%H%M%S"))
    if random.random() < 0.2:
        parts.append("WKST=" + random.choice(DAYS))
    month = random.random() < 0.3
    if month:
        parts.append("BYMONTH=" + some(1, 12, 4))
    lists = month
    if freq == "YEARLY" and random.random() < 0.25:
        parts.append("BYWEEKNO=" + some(1, 51, 3, True))
        parts.append("BYDAY=" + ",".join(sorted(set(random.choices(DAYS, k=3)))))
        lists = True
    else:
        if freq in ("YEARLY", "HOURLY", "MINUTELY", "SECONDLY") and random.random() < 0.15:
            parts.append("BYYEARDAY=" + some(1, 366, 4, True))
            lists = True
        if freq != "WEEKLY" and random.random() < 0.3:
            parts.append("BYMONTHDAY=" + some(1, 31, 4, True))
            lists = True
        if random.random() < 0.35:
            most = 5 if freq == "MONTHLY" or month else 53
            numbered = freq in ("MONTHLY", "YEARLY") and random.random() < 0.5
            days = set()
            for _ in range(random.randint(1, 4)):
                day = random.choice(DAYS)
                if numbered:
                    n = random.randint(1, most)
                    day = "%d%s" % (-n if random.random() < 0.4 else n, day)
                days.add(day)
            parts.append("BYDAY=" + ",".join(sorted(days)))
            lists = True
    if random.random() < 0.2:
        parts.append("BYHOUR=" + some(0, 23, 3))
        lists = True
    if random.random() < 0.15:
        parts.append("BYMINUTE=" + some(0, 59, 3))
        lists = True
    if random.random() < 0.1:
        parts.append("BYSECOND=" + some(0, 59, 3))
        lists = True
    if lists and freq != "WEEKLY" and random.random() < 0.2:
        parts.append("BYSETPOS=" + some(1, 5, 3, True))
    random.shuffle(parts)
    return ";".join(parts)


def late(_signal, _frame):
    raise TimeoutError


def main():
    signal.signal(signal.SIGALRM, late)
    wanted, made = int(sys.argv[1]) if len(sys.argv) > 1 else 4000, 0
    while made < wanted:
        text = rule()
        start = datetime.datetime(random.randint(1995, 2028), random.randint(1, 12),
                                  random.randint(1, 28), random.randint(0, 23),
                                  random.choice([0, 15, 30, 59]), random.choice([0, 0, 30]))
        if random.random() < 0.15:
            start = start.replace(month=1, day=random.choice([29, 30, 31]))
        found, ended = [], True
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            for at in rrulestr(text, dtstart=start):
                if len(found) == 9:
                    ended = False
                    break
                found.append(at.strftime("%Y%m%dT%H%M%S"))
        except (TimeoutError, ValueError):
            continue
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if not found and random.random() < 0.9:
            continue
        if any(at[:4] > "2090" for at in found):
            continue
        print(text, start.strftime("%Y%m%dT%H%M%S"), " ".join(found + ["."] * ended), sep="\t")
        made += 1


main()
