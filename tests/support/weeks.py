"""Four weeks of a person's papers, always the same ones: mail, notes, invoices and minutes, day by day.

A theme comes up in the second week and is gone by the fourth; invoices have their day of payment; minutes name who
does what until when. `papers(day)` gives what comes in on a day, 0 being START."""
import datetime
import random

START = datetime.date(2026, 11, 2)  # a Monday
DAYS = 24
PER_DAY = 9
FIRMS = ["Hansen Roofing", "Nordlicht Power", "Stadtwerke Water", "Okoye Plumbing", "Velo Petersen", "Brandt Insurance"]
PEOPLE = ["Samir Haddad", "Ines Baumann", "Jonas Krueger", "Lea Thomsen", "Hilde Vogt", "Annika Reimers"]
THEME = "heat pump"  # days 8 to 13

EVERYDAY = [
    "The choir meets in the {place} this time because the hall is being painted.",
    "I left the {thing} at the {place}; could you bring it along?",
    "The {thing} works again, it was only a loose contact.",
    "We still look for somebody who takes the {thing} to the {place}.",
    "Thank you for the {thing}, the children were delighted.",
    "The photographs of the {place} are on the shared drive.",
    "At the {place} they sell a second-hand {thing} for very little money.",
    "Somebody forgot a {thing} in the {place} after the concert.",
    "The {place} stays closed for a while, the {thing} has to be replaced.",
]
THINGS = ["coffee grinder", "tandem", "projector", "tent", "accordion", "sewing machine", "ladder", "telescope", "kayak",
          "guitar", "microscope", "trailer", "drone", "bread oven", "typewriter"]
PLACES = ["boathouse", "town library", "allotment", "school yard", "old brewery", "station", "gym", "cinema",
          "observatory", "market hall", "harbour office", "museum", "swimming pool", "chapel", "workshop"]


def date_of(day):
    return START + datetime.timedelta(days=day)


def spoken(date):
    return f"{date.day} {date:%B %Y}"


def invoice(day):
    """One every third day: (number, firm, sum, day of payment); None on other days."""
    if day % 3:
        return None
    r = random.Random(f"invoice {day}")
    return {"number": f"R-{4100 + 7 * day}", "firm": FIRMS[day // 3 % len(FIRMS)], "sum": f"{r.randint(40, 900)}.{r.randint(10, 99)}",
            "due": date_of(day + 5)}


def papers(day):
    r = random.Random(f"papers {day}")
    made = []
    bill = invoice(day)
    if bill:
        made.append({"title": f"Invoice {bill['number']} of {bill['firm']}", "source": f"/home/petra/invoices/{bill['number']}.txt",
                     "content": f"{bill['firm']}\n\nInvoice number {bill['number']}\n\nDear Ms. Vogt,\n\nthe total of invoice "
                                f"{bill['number']} is {bill['sum']} EUR. Please pay the {bill['sum']} EUR no later than {spoken(bill['due'])}.\n"})
    if day % 7 == 2:
        who, other = r.sample(PEOPLE, 2)
        made.append({"title": f"Minutes of the parents' association, {spoken(date_of(day))}", "source": f"/home/petra/minutes/{day:02}.md",
                     "content": f"# Minutes\n\nPresent: {', '.join(PEOPLE[:4])}.\n\n{who} proposed to buy new benches for the yard. "
                                f"{other} objected that there is no money before summer.\n\nThe report on the benches must be handed in "
                                f"by {spoken(date_of(day + 6))}.\n"})
    if 8 <= day <= 13:
        for i in range(2):
            firm = r.choice(FIRMS)
            made.append({"title": f"{THEME.capitalize()} {'offer' if i else 'question'} {day}-{i}", "source": f"/home/petra/mail/heat{day}-{i}.eml.txt",
                         "content": f"Dear Petra,\n\nabout the {THEME} for the house in the Lindenallee: {firm} says that the {THEME} "
                                    f"needs {r.randint(5, 12)} kilowatts and stands behind the shed. A {THEME} of that size costs about "
                                    f"{r.randint(12, 19)},{r.randint(100, 900)} EUR. The subsidy for a {THEME} has to be applied for before.\n"})
    while len(made) < PER_DAY:
        i = len(made)
        sentences = [t.format(thing=r.choice(THINGS), place=r.choice(PLACES)) for t in r.sample(EVERYDAY, 3)]
        folder = "mail" if i % 2 else "notes"
        who = r.choice(PEOPLE)
        subject = sentences[0].split(" ", 3)[-1][:40].rstrip(".,; ")
        greeting = "Dear Petra,\n\n" if folder == "mail" else ""
        made.append({"title": f"{who.split()[0]}: {subject} ({day}-{i})" if greeting else f"Note {day}-{i}: {subject}",
                     "source": f"/home/petra/{folder}/{day:02}-{i}.txt",
                     "content": greeting + " ".join(sentences) + (f"\n\n{who}\n" if greeting else "\n")})
    return made
