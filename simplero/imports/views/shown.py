"""What the pages of an import show: its numbers and rows in words."""

from typing import Any

from django.urls import reverse

from contacts.views.lookup import contact_url
from credits import queries as credits
from credits.wording import capital, quantity
from simplero.imports import queries
from simplero.imports.forms import ExpectForm
from simplero.imports.loading import touched
from simplero.imports.matching import KNOWN, LASTING, ORDERS, Matching
from simplero.imports.models import DONE, GOOD, WORKING, Import, ImportRow, Outcome, State
from simplero.imports.planning import Plan
from simplero.imports.summaries import Summary
from simplero.lib.moments import day, moment
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now, today
from simplero.web.http import StaffRequest

TONES: dict[str, str] = {
    State.REFUSED: "bad",
    State.MATCHING: "warn",
    State.CHECKED: "warn",
    State.LOADED: "good",
}
TONES = {state: TONES.get(state, "brand" if state in WORKING else "") for state in State.values}

DOING = {
    State.READING: "Reading the file",
    State.CHECKING: "Checking every row",
    State.LOADING: "Loading contacts and opening balances",
    State.UNDOING: "Undoing the import",
}

OUTCOME_TONES = {
    Outcome.BAD: "bad",
    Outcome.LEFT_OUT: "warn",
    Outcome.CREATED: "good",
    Outcome.UPDATED: "brand",
    Outcome.TOUCHED: "warn",
}

WRONG, REMARKS = "wrong", "remarks"
FILTERS = {WRONG: (Outcome.BAD, Outcome.LEFT_OUT), REMARKS: GOOD}

LONGEST_SHOWN = 60


def short(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= LONGEST_SHOWN else f"{one[: LONGEST_SHOWN - 1]}…"


def lede(request: StaffRequest, batch: Import) -> str:
    actor = Actor("user", batch.actor_id)
    when = moment(batch.created_at, now=now(), zone=request.account.zone)
    rows = f" · {batch.rows:,} row{'' if batch.rows == 1 else 's'}" if batch.rows else ""
    return f"Uploaded {when[:1].lower() + when[1:]} by {actor_names([actor])[actor]}{rows}"


def progress(batch: Import) -> dict[str, object]:
    """How far a worker has come. Rows are counted by their place in the file, so empty ones count too."""
    done = min(batch.position, batch.rows) if batch.rows else 0
    return {"doing": DOING[State(batch.state)], "done": done, "out_of": batch.rows}


def types_of(request: StaffRequest, batch: Import) -> list[Any]:
    """The credit types of which the file has opening balances, by name."""
    ids = Summary.kept(batch.summary).balances
    return [one for one in _types(request) if str(one.public_id) in ids]


def _types(request: StaffRequest) -> list[Any]:
    found = [*credits.types(request.account), *credits.types(request.account, archived=True)]
    return sorted(found, key=lambda one: (one.name_key, one.pk))


def checked(request: StaffRequest, batch: Import, expect: ExpectForm | None) -> dict[str, object]:
    """What checking has found, a preview, and the totals beside what the old system says."""
    summary, matching = Summary.kept(batch.summary), Matching.kept(batch.matching)
    types = types_of(request, batch)
    form = expect or ExpectForm(types=types, initial=batch.expected)
    wrong, more = queries.rows(batch, [Outcome.BAD], size=10)
    plans = queries.preview(request.account, batch)
    return {
        "summary": summary,
        "wrong": [row_line(row) for row in wrong],
        "more_wrong": more,
        "remarks_url": f"{_url(request, batch, 'rows')}?show={REMARKS}",
        "tags": summary.tags[:30],
        "more_tags": len(summary.tags) - 30,
        "totals": [_total(one, summary, batch.expected, form) for one in types],
        "expect_form": form,
        "plans": [_plan(one, types, request) for one in plans],
        "reacting": queries.reacting(request.account) if summary.create or summary.update or summary.balances else 0,
        "triggers_url": reverse("triggers:triggers", args=[request.account.slug]),
        "known": _inside(KNOWN[matching.known]),
        "dates": _inside(ORDERS[matching.dates]) if matching.has("last_good_day") else "",
        "lasting": _inside(LASTING[matching.lasting]) if summary.undated else "",
    }


def _inside(words: str) -> str:
    """`words` as they stand inside of a sentence."""
    return words[:1].lower() + words[1:]


def _total(credit_type: Any, summary: Summary, expected: dict[str, int], form: ExpectForm) -> dict[str, object]:
    name = str(credit_type.public_id)
    rows, credits = summary.balances[name]
    wanted = expected.get(name)
    return {
        "type": capital(credit_type.plural),
        "rows": rows,
        "credits": credits,
        "field": form[name],
        "expected": wanted,
        "difference": None if wanted is None else credits - wanted,
        "apart": "" if wanted is None else f"{abs(credits - wanted):,} {'more' if credits > wanted else 'fewer'} here",
    }


def _plan(one: Plan, types: list[Any], request: StaffRequest) -> dict[str, object]:
    by_id = {str(of.public_id): of for of in types}
    balances = []
    for balance in one.said.balances:
        of = by_id.get(balance.credit_type)
        if of is not None:
            good = (
                f", good through {day(balance.last_good_day, today=today(request.account))}"
                if balance.last_good_day
                else ""
            )
            balances.append(f"{quantity(balance.amount, of)}{good}")
    return {
        "number": one.row.number,
        "outcome": one.outcome.label,
        "details": one.details,
        "tags": one.tags,
        "balances": balances,
    }


def row_line(row: ImportRow) -> dict[str, object]:
    """A row with what is wrong with it, or worth a look: "Row 17, Email: Enter an email address like name@example.com."."""
    return {
        "number": row.number,
        "sentences": [f"Row {row.number}, {heading}: {says}" for heading, says in row.problems],
        "problems": row.problems,
        "outcome": Outcome(row.outcome).label if row.outcome else "",
        "tone": OUTCOME_TONES.get(Outcome(row.outcome), "") if row.outcome else "",
    }


def result(request: StaffRequest, batch: Import) -> dict[str, object]:
    """What became of the rows, with a link to each kind of them."""
    many = queries.outcomes(batch)
    order = (
        *(Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.LEFT_OUT),
        *(Outcome.REMOVED, Outcome.EMPTIED, Outcome.TOUCHED),
    )
    here = _url(request, batch, "rows")
    return {
        "outcomes": [(one.label, many[one], f"{here}?show={one.value}") for one in order if many.get(one)],
        "balances": [
            (capital(one.plural), *Summary.kept(batch.summary).balances[str(one.public_id)])
            for one in types_of(request, batch)
        ],
        "left_out": many.get(Outcome.LEFT_OUT, 0),
        "refused_url": f"{here}?show={REMARKS}",
        "may_undo": batch.state == State.LOADED and any(many.get(one) for one in DONE),
        "ended": moment(batch.ended_at, now=now(), zone=request.account.zone) if batch.ended_at else "",
    }


def undoing(request: StaffRequest, batch: Import) -> dict[str, object]:
    """What an undo would do, counted now: who was touched since is passed over when it is done, whenever that was."""
    removed = emptied = passed = after = 0
    while True:
        page, more = queries.rows(batch, DONE, after=after, size=1000)
        since = touched(page)
        for row in page:
            if row.contact_id in since:
                passed += 1
            elif row.issued:
                emptied += 1
            elif row.outcome == Outcome.CREATED:
                removed += 1
        if not more:
            return {"removed": removed, "emptied": emptied, "passed": passed}
        after = page[-1].number


def rows(request: StaffRequest, batch: Import, *, only: str, after: int) -> dict[str, object]:
    """A page of rows: those that are wrong, those with remarks, or those with one outcome."""
    wanted = FILTERS.get(only) or ((Outcome(only),) if only in Outcome.values else FILTERS[WRONG])
    found, more = queries.rows(batch, wanted, after=after, remarks=only == REMARKS)
    people = queries.people(found)
    here = _url(request, batch, "rows")
    asked = f"?show={only}" if only else "?show=wrong"
    return {
        "title": _title(only),
        "rows": [
            {
                **row_line(row),
                "contact": people.get(row.contact_id or 0),
                "contact_url": contact_url(request, people[row.contact_id]) if row.contact_id in people else "",
            }
            for row in found
        ],
        "first": f"{here}{asked}" if after else "",
        "next": f"{here}{asked}&after={found[-1].number}" if more else "",
        "errors_url": _url(request, batch, "errors-csv") if only in ("", WRONG, Outcome.BAD, Outcome.LEFT_OUT) else "",
    }


def _title(only: str) -> str:
    if only == REMARKS:
        return "Worth a look"
    return Outcome(only).label if only in Outcome.values and only != Outcome.BAD else "Rows that are wrong"


def _url(request: StaffRequest, batch: Import, name: str) -> str:
    return reverse(f"imports:{name}", args=[request.account.slug, batch.public_id])
