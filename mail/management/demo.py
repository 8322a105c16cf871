"""A believable small office: people, groups and what they wrote, oldest first."""

from typing import NamedTuple

PASSWORD = "deadbeef"  # noqa: S105 - for trying out; said in the README


class Person(NamedTuple):
    username: str
    first_name: str
    last_name: str
    password: str = PASSWORD
    is_superuser: bool = False


class Written(NamedTuple):
    hours_ago: float
    sender: str
    to: tuple[str, ...]
    subject: str
    body: str
    answers: str = ""  # the subject of the post that this answers


class Joined(NamedTuple):
    user: str
    group: str


class Read(NamedTuple):
    """From here back everything in the person's box is read."""

    user: str


PEOPLE = (
    Person("udapost", "Uda", "Post", "admin123", is_superuser=True),
    Person("test", "Tess", "Tanaka"),
    Person("clara", "Clara", "Voss"),
    Person("jonas", "Jonas", "Lindqvist"),
    Person("mira", "Mira", "Okafor"),
    Person("pavel", "Pavel", "Dvořák"),
    Person("wei", "Wei", "Zhang"),
)

GROUPS = {  # name: (manager, description)
    "engineering": ("mira", "Whoever builds and runs things here."),
    "book club": ("clara", "One book a month, first Thursday, kitchen on the second floor."),
}

EVENTS: tuple[Written | Joined | Read, ...] = (
    Joined("mira", "engineering"),
    Joined("jonas", "engineering"),
    Joined("pavel", "engineering"),
    Joined("clara", "book club"),
    Joined("wei", "book club"),
    Written(
        700,
        "mira",
        ("engineering",),
        "Old build server retires on the 30th",
        "The machine under Pavel's desk is **eleven** years old. Whatever still runs on it moves "
        "to the cluster this month.\n\n- [x] nightly backups\n- [x] wiki search\n- [ ] the thing "
        "that prints labels\n\nIf you know what `labels.cron` does, please say so.",
    ),
    Written(
        698,
        "pavel",
        ("engineering",),
        "Re: Old build server retires on the 30th",
        "It prints the address labels for the warehouse. I wrote it in 2014. I am sorry.\n\n"
        "```bash\n#!/bin/sh\n# do not touch\nlp -d zebra /srv/labels/$(date +%F).ps\n```",
        answers="Old build server retires on the 30th",
    ),
    Written(
        610,
        "clara",
        ("book club",),
        "November: The Left Hand of Darkness",
        "We read *The Left Hand of Darkness* by Ursula K. Le Guin. Two copies are in the kitchen.",
    ),
    Written(
        520,
        "udapost",
        ("everyone",),
        "Welcome to Opost",
        "From today our mail lives here.\n\n## What to know\n\n1. Write to a person, a group, or "
        "several of both.\n2. Bodies are **Markdown**: tables, code and task lists work.\n3. What "
        "goes to a group is stored once. Send away.\n\n| to | reaches |\n|---|---|\n| a name | that "
        "person |\n| a group | its members |\n| `everyone` | all of us, by staff only |\n\n"
        "Questions to me.",
    ),
    Joined("test", "engineering"),
    Joined("test", "book club"),
    Written(
        503,
        "mira",
        ("engineering",),
        "Say hello to Tess",
        "Tess joins us today and starts with the import pipeline. Be nice; answer her questions; "
        "do not mention the labels.",
    ),
    Written(
        500,
        "test",
        ("mira",),
        "Thank you, and a question",
        "Thanks for the warm welcome! Where do I find the credentials for staging?",
    ),
    Written(
        499,
        "mira",
        ("test",),
        "Re: Thank you, and a question",
        "In the vault, under `staging/`. Pavel gives you access:\n\n```console\n$ vault login "
        "-method=oidc\n$ vault kv get staging/import\n```\n\nTell me if it does not work.",
        answers="Thank you, and a question",
    ),
    Written(
        480,
        "jonas",
        ("test", "pavel"),
        "Import: who owns what",
        "So that nobody waits for anybody:\n\n| part | owner | until |\n|:---|:---:|---:|\n| parser "
        "| Tess | 12 Nov |\n| queue | Pavel | 14 Nov |\n| dashboard | Jonas | 20 Nov |\n",
    ),
    Written(
        455,
        "test",
        ("jonas", "pavel"),
        "Re: Import: who owns what",
        "Fine with me. The parser reads the old files already; *only* the dates are strange.",
        answers="Import: who owns what",
    ),
    Written(
        430,
        "pavel",
        ("engineering",),
        "Queue: numbers from the weekend",
        "I let it run for 48 hours.\n\n| batch | jobs/s | p95 |\n|---:|---:|---:|\n| 1 | 310 | "
        "12 ms |\n| 20 | 2,900 | 15 ms |\n| 100 | 3,100 | 61 ms |\n\nTwenty it is.[^1]\n\n[^1]: One "
        "hundred only moves the waiting from the disk to the reader.",
    ),
    Written(
        400,
        "wei",
        ("book club",),
        "Chapter 5 changes everything",
        "No spoilers, but please everyone be past chapter 5 by Thursday. ~~Or I will tell.~~",
    ),
    Written(
        377,
        "clara",
        ("test",),
        "Lunch on Wednesday?",
        "The Vietnamese place has reopened. 12:15 at the door?",
    ),
    Written(
        376,
        "test",
        ("clara",),
        "Re: Lunch on Wednesday?",
        "Yes! I bring Wei along, if that is all right.",
        answers="Lunch on Wednesday?",
    ),
    Written(
        340,
        "udapost",
        ("everyone",),
        "Fire drill on Tuesday at 10",
        "The alarm rings at **10:00**. Please use the stairs, take nothing along, and meet at the "
        "bicycle shed. It takes fifteen minutes.\n\n> Last time we needed 7:40. The record of the "
        "third floor stands at 3:12.",
    ),
    Written(
        322,
        "jonas",
        ("engineering",),
        "Proposal: one way to write dates",
        "We have five. I propose ISO 8601 everywhere:\n\n```python\nfrom datetime import UTC, "
        "datetime\n\n\ndef stamp(moment: datetime) -> str:\n    return moment.astimezone(UTC)."
        'isoformat(timespec="seconds")\n```\n\nObjections until Friday.',
    ),
    Written(
        320,
        "mira",
        ("engineering",),
        "Re: Proposal: one way to write dates",
        "None from me. Please also in file names.",
        answers="Proposal: one way to write dates",
    ),
    Written(
        318,
        "test",
        ("engineering",),
        "Re: Proposal: one way to write dates",
        "The old files have a sixth: days since 1 January 1900, plus or minus one.",
        answers="Proposal: one way to write dates",
    ),
    Written(
        290,
        "wei",
        ("test", "clara"),
        "Photos from the lake",
        "I put them on the shared drive. The one with the duck is the best.",
    ),
    Written(
        260,
        "udapost",
        ("test",),
        "Your contract",
        "The signed copy is in your folder. Please check the address, it had the old street.",
    ),
    Written(
        245,
        "pavel",
        ("test",),
        "Review of the parser",
        "Very readable. Three things:\n\n1. `read_header` swallows `ValueError`\n2. the test for "
        "empty files tests nothing\n3. why `float` for money?\n\n```diff\n-amount = float(row[3])\n"
        "+amount = Decimal(row[3])\n```",
    ),
    Written(
        243,
        "test",
        ("pavel",),
        "Re: Review of the parser",
        "All three mended, thank you. The money came from the old code, honestly.",
        answers="Review of the parser",
    ),
    Written(
        220,
        "clara",
        ("book club",),
        "December: vote",
        "Two candidates:\n\n- *Piranesi* by Susanna Clarke\n- *The Employees* by Olga Ravn\n\n"
        "Answer with one title.",
    ),
    Written(
        216,
        "test",
        ("book club",),
        "Re: December: vote",
        "Piranesi.",
        answers="December: vote",
    ),
    Written(
        214,
        "wei",
        ("book club",),
        "Re: December: vote",
        "Piranesi, again.",
        answers="December: vote",
    ),
    Written(
        190,
        "mira",
        ("engineering",),
        "On call in December",
        "| week | first | second |\n|---|---|---|\n| 49 | Jonas | Pavel |\n| 50 | Tess | Mira |\n"
        "| 51 | Pavel | Tess |\n| 52 | Mira | Jonas |\n\nSwap as you like, but tell the calendar.",
    ),
    Written(
        170,
        "jonas",
        ("test",),
        "Dashboard for the import",
        "First version is up. Red is bad, green is good, and grey means that I have not wired it "
        "yet.\n\nWhat do you need to see first in the morning?",
    ),
    Written(
        168,
        "test",
        ("jonas",),
        "Re: Dashboard for the import",
        "How many rows came, how many were refused, and the *first* reason.",
        answers="Dashboard for the import",
    ),
    Written(
        166,
        "clara",
        ("test", "jonas", "wei"),
        "Plants on the third floor",
        "Whoever waters them twice a day: please stop. They are *succulents*.",
    ),
    Written(
        160,
        "pavel",
        ("engineering",),
        "How to restore the wiki",
        "I tried it, so that we know:\n\n1. stop the service\n2. restore:\n\n```sql\nBEGIN;\n"
        "DELETE FROM pages WHERE draft;\nCOMMIT;\n```\n\n3. wait for the search index\n\n"
        "Twenty minutes in all. ~~Two hours~~ was last year.",
    ),
    Written(
        151,
        "wei",
        ("book club",),
        "Where we meet in December",
        "The kitchen is being painted, so we meet in the library corner. Bring a cushion.",
    ),
    Written(
        147,
        "mira",
        ("test",),
        "Your first month",
        "Three things went very well:\n\n- the parser\n- asking early\n- the tests for dates\n\n"
        "One to try: say no once. More on Tuesday.",
    ),
    Read("test"),
    Written(
        120,
        "udapost",
        ("everyone",),
        "Closed between the years",
        "The office is closed from **24 December to 1 January**. Whoever is on call has the key "
        "for the heating.",
    ),
    Written(
        110,
        "jonas",
        ("engineering",),
        "Colours of the dashboard",
        "Red and green alone do not work for everyone, so states have shapes now:\n\n| state | "
        "shape |\n|---|:---:|\n| good | ● |\n| late | ▲ |\n| refused | ■ |\n",
    ),
    Written(
        98,
        "pavel",
        ("engineering",),
        "Labels: the end of an era",
        "- [x] moved to the cluster\n- [x] prints\n- [x] prints the *right* labels\n- [ ] cake\n\n"
        "The old machine is off. I kept the fan.",
    ),
    Written(
        90,
        "clara",
        ("book club",),
        "Piranesi it is",
        "Five votes to one. First Thursday in December, library corner.",
    ),
    Written(
        76,
        "wei",
        ("test",),
        "Piranesi",
        "I have a spare copy, it is on your desk. Page 60 onwards you will not stop.",
    ),
    Written(
        60,
        "udapost",
        ("engineering", "book club"),
        "Who uses the big room on Thursdays?",
        "Both of you have booked it from 16:00. Please agree on one, and tell me.",
    ),
    Written(
        52,
        "mira",
        ("engineering",),
        "Freeze from Thursday",
        "No deployments after **Thursday 16:00** until the month is closed. Exceptions only with "
        "me *and* a way back:\n\n```yaml\ndeploy:\n  strategy: blue-green\n  rollback: automatic\n"
        '  window: "Thu 08:00-16:00"\n```',
    ),
    Written(
        30,
        "clara",
        ("test", "wei"),
        "Cake on Friday",
        "Pavel's cake for the labels. I collect until noon, two each.",
    ),
    Written(
        26,
        "jonas",
        ("engineering",),
        "Import ran without a single refusal",
        "For the first time: **1,204,337 rows, 0 refused**. Tess, Pavel: thank you.",
    ),
    Written(
        7,
        "pavel",
        ("test",),
        "Can you look at row 88,412?",
        "It claims to be from 30 February. I would say refuse it, and tell the sender:\n\n> the "
        "date *2026-02-30* does not exist\n\nDo we have a place for such messages?",
    ),
    Written(
        3,
        "mira",
        ("test",),
        "Next week",
        "Shall we talk about the second quarter on Tuesday? Half an hour, coffee is on me.",
    ),
    Written(
        1,
        "udapost",
        ("everyone",),
        "Second floor: water is off at noon",
        "Plumber from 12:00 to about 13:30. The kitchen on the first floor works.",
    ),
)
