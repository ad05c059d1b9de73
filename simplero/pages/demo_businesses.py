"""Who is in the demo: two businesses, their staff, what they sell in credits, and the names of their customers."""

from dataclasses import dataclass

from simplero.tenancy.roles import ADMIN, ASSISTANT, OWNER


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A credit type, how it is sold, and what its uses are noted with."""

    name: str
    plural: str
    description: str
    expires: tuple[int, str] | None
    packs: tuple[int, ...]
    every_days: tuple[int, int]  # between one use and the next
    notes: tuple[str, ...]
    share: float  # of the contacts who have it
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Business:
    name: str
    slug: str
    time_zone: str
    currency: str
    staff: tuple[tuple[Person, str], ...]
    kinds: tuple[Kind, ...]
    tags: tuple[str, ...]
    notes: tuple[str, ...]
    contacts: int
    seed: int


OWNER_OF_BOTH = Person("Ines Moreau", "ines@northlight.example")

BUSINESSES = (
    Business(
        name="Northlight Coaching",
        slug="northlight-coaching",
        time_zone="Europe/Copenhagen",
        currency="EUR",
        staff=(
            (OWNER_OF_BOTH, OWNER),
            (Person("Jonah Adeyemi", "jonah@northlight.example"), ADMIN),
            (Person("Petra Lund", "petra@northlight.example"), ASSISTANT),
        ),
        kinds=(
            Kind(
                "coaching session",
                "coaching sessions",
                "One hour, online or at our office in Vesterbro. Move it up to a day before.",
                (6, "months"),
                (5, 5, 10),
                (7, 16),
                (
                    "Quarterly goals",
                    "Prepared the board meeting",
                    "Values exercise, homework agreed",
                    "Online",
                    "Follow-up on feedback talks",
                    "",
                    "",
                    "",
                ),
                0.85,
            ),
            Kind(
                "strategy call",
                "strategy calls",
                "Twenty minutes on the phone when something cannot wait.",
                (3, "months"),
                (3, 4),
                (6, 20),
                ("Offer from a competitor", "Salary talk", "", "", ""),
                0.4,
            ),
            Kind(
                "workshop seat",
                "workshop seats",
                "A place in one of our Friday workshops.",
                (1, "years"),
                (1, 2, 4),
                (30, 60),
                ("Leading former peers", "Difficult conversations", "Deciding together"),
                0.3,
            ),
            Kind(
                "team half-day",
                "team half-days",
                "Half a day with a whole team.",
                None,
                (2,),
                (40, 70),
                ("Kick-off", "Retrospective"),
                0.12,
            ),
            Kind(
                "chemistry call",
                "chemistry calls",
                "A first talk, free of charge.",
                (2, "weeks"),
                (1,),
                (5, 9),
                ("",),
                0.2,
                archived=True,
            ),
        ),
        tags=("executive", "founder", "spring intake", "online", "in person", "alumni", "referral"),
        notes=(
            "Prefers mornings. Travels every second week.",
            "Invoices go to the company, not to the private address.",
            "Came through the leadership programme.",
            "Asked for a summary by mail after each session.",
        ),
        contacts=34,
        seed=7,
    ),
    Business(
        name="Saltwater Yoga",
        slug="saltwater-yoga",
        time_zone="America/Los_Angeles",
        currency="USD",
        staff=(
            (Person("Mika Tanaka", "mika@saltwater.example"), OWNER),
            (OWNER_OF_BOTH, ADMIN),
            (Person("Leo Barros", "leo@saltwater.example"), ASSISTANT),
        ),
        kinds=(
            Kind(
                "class",
                "classes",
                "Any class on the timetable. Cancel two hours before and it comes back.",
                (3, "months"),
                (5, 10, 20),
                (2, 8),
                ("Vinyasa, evening", "Yin", "Early flow", "Slow Sunday", "", "", "", ""),
                0.9,
            ),
            Kind(
                "private session",
                "private sessions",
                "One to one, in the studio or at home.",
                (6, "months"),
                (1, 3, 5),
                (9, 25),
                ("Shoulder, gently", "Headstand", "Back after a run", ""),
                0.3,
            ),
            Kind(
                "guest pass",
                "guest passes",
                "Bring somebody along.",
                (4, "weeks"),
                (1, 2),
                (8, 20),
                ("Sister visiting", "A friend", ""),
                0.35,
            ),
            Kind(
                "retreat day",
                "retreat days",
                "A day of the autumn retreat.",
                (2, "years"),
                (3, 5),
                (60, 90),
                ("Big Sur",),
                0.15,
            ),
        ),
        tags=("morning people", "beginner", "prenatal", "teacher training", "unlimited before", "student"),
        notes=(
            "Knee operation in spring: no deep lunges.",
            "Brings her own mat. Likes the place by the window.",
            "Moving to Portland in the new year, wants to use up her classes.",
        ),
        contacts=27,
        seed=11,
    ),
)

FIRST = (
    "Aiko", "Amara", "Anders", "Beatriz", "Bram", "Camille", "Dario", "Edda", "Elif", "Farah", "Felix", "Greta", "Hana", "Ibrahim", "Ilse", "Jasper", "Kaya", "Lars", "Lucia", "Maren", "Mateo", "Nadia", "Noor", "Oskar", "Paula", "Quentin", "Rosa", "Ruben", "Sanna", "Sofia", "Tariq", "Tove", "Uma", "Viktor", "Wanda", "Xenia", "Yara", "Zoë",
)  # fmt: skip
LAST = (
    "Abbasi", "Andersen", "Becker", "Castellanos", "Dahl", "Eriksen", "Ferreira", "García", "Haddad", "Ivanova", "Jørgensen", "Kowalska", "Larsen", "Marchetti", "Nguyen", "O’Connor", "Petrov", "Quist", "Rasmussen", "Sørensen", "Torres", "Uddin", "Vestergaard", "Weber", "Yılmaz", "Zieliński",
)  # fmt: skip
COMPANIES = ("Brightwater Studio", "Hald & Partners", "Kestrel Labs", "Mosaik", "Ostro Foods", "Vandkant", "")
