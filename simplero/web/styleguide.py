"""The living style guide: every component in every state, and the main screens with sample people. Included in development and demo only."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse, reverse_lazy

MENU = [
    {
        "title": "Contacts",
        "items": [{"label": "Contacts", "url": reverse_lazy("styleguide:contact"), "icon": "users", "current": True}],
    },
    {
        "title": "Content",
        "items": [{"label": "Credits", "url": reverse_lazy("styleguide:index"), "icon": "ticket", "current": False}],
    },
    {
        "title": "Settings",
        "items": [
            {"label": "Account", "url": reverse_lazy("styleguide:index"), "icon": "settings", "current": False},
            {"label": "Members", "url": reverse_lazy("styleguide:index"), "icon": "user-cog", "current": False},
            {"label": "Roles", "url": reverse_lazy("styleguide:index"), "icon": "key-round", "current": False},
        ],
    },
]
SWATCHES = [
    ["paper", "card", "float", "sunken", "rule", "rule-strong", "edge", "text", "text-2", "text-3"],
    [
        "brand",
        "brand-hover",
        "brand-soft",
        "brand-line",
        "on-brand",
        "brand-deep",
        "good",
        "good-soft",
        "warn",
        "warn-soft",
        "bad",
        "bad-soft",
    ],
    [f"hue-{number}" for number in range(1, 9)],
]


@dataclass(frozen=True)
class SampleAccount:
    name: str
    slug: str


@dataclass(frozen=True)
class SampleMembership:
    account: SampleAccount
    role_name: str


@dataclass(frozen=True)
class SamplePerson:
    name: str
    email: str
    is_authenticated: bool = True


HOUSE = SampleMembership(SampleAccount("Harbour Coaching", "harbour"), "Owner")
MEMBERSHIPS = [HOUSE, SampleMembership(SampleAccount("Lindgrove Yoga", "lindgrove"), "Assistant")]
PERSON = SamplePerson("Ines Calloway", "ines@harbour.example")


class Stage:
    """The request as templates see it, with sample people in the places of signed-in ones."""

    account, membership, user = HOUSE.account, HOUSE, PERSON

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self.request, name)


class SampleForm(forms.Form):
    """One field of each kind."""

    amount = forms.IntegerField(
        label="Number of credits", min_value=1, max_value=1_000_000, initial=1, help_text="Whole credits, at least 1."
    )
    kind = forms.ChoiceField(label="Credit type", choices=[("session", "Coaching session"), ("class", "Group class")])
    served_on = forms.DateField(
        label="Date of service",
        initial=date(2026, 11, 22),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="At most 90 days back.",
    )
    note = forms.CharField(
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="For staff."
    )
    visible = forms.BooleanField(label="The customer may read this note", required=False)


class EveryKindForm(SampleForm):
    good_for = forms.ChoiceField(
        label="Good for",
        choices=[("default", "6 months"), ("day", "Through a day"), ("never", "Never expires")],
        initial="default",
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
    )
    back = forms.ChoiceField(
        label="Give back",
        required=False,
        choices=[("all", "All 3 credits"), ("part", "Some of them")],
        initial="all",
        widget=forms.RadioSelect,
    )
    roles = forms.MultipleChoiceField(
        label="Roles", required=False, choices=[("a", "Assistant"), ("b", "Admin")], widget=forms.CheckboxSelectMultiple
    )
    locked = forms.CharField(label="Address", initial="harbour", disabled=True)

    WRONG: ClassVar[dict[str, Any]] = {"amount": "0", "served_on": "2027-01-01", "back": "all"}


@dataclass
class Wrong:
    """A form as it comes back after a refusal."""

    form: EveryKindForm = field(default_factory=lambda: EveryKindForm(EveryKindForm.WRONG, auto_id="wrong_%s"))

    def __post_init__(self) -> None:
        self.form.full_clean()
        self.form.add_error("kind", "Choose the type that was used.")
        self.form.add_error("good_for", "Choose how long these credits are good for.")
        self.form.add_error(None, "Maren Voss has 2 coaching sessions; 3 were asked for. Issue some first.")


WEEKS = [(12, 4, 2), (9, 0, 6), (15, 5, 0), (3, 1, 1), (11, 7, 3), (14, 2, 5)]
_HEIGHT, _PLOT, _TOP, _MOST = 214, 176, 10, 24


def _y(value: float) -> float:
    return round(_TOP + _PLOT * (1 - value / _MOST), 1)


def bars(series: int) -> dict[str, Any]:
    """A chart as `simplero.pages.charts` hands it to its component, of the sample weeks, with so many parts in each bar."""
    columns = []
    for number, values in enumerate(WEEKS):
        parts, below = [], 0
        for part, value in enumerate(values[:series], start=1):
            below += value
            parts.append({"series": part, "y": _y(below), "height": round(_PLOT * value / _MOST, 1)})
        left = 100 / len(WEEKS) * number
        columns.append(
            {
                "label": f"{number + 1} Nov",
                "said": f"Week of {number + 1} November: {below} credits",
                "url": "#",
                "left": f"{left:.2f}%",
                "width": f"{100 / len(WEEKS):.2f}%",
                "x": f"{left + 4:.2f}%",
                "bar": "8.5%",
                "middle": f"{left + 50 / len(WEEKS):.2f}%",
                "parts": parts,
                "total": below,
                "cells": [(value, "#") for value in values[:series]],
                "every_other": number % 2 == 1,
                "top": _y(below),
            }
        )
    names = ("Coaching sessions", "Group classes", "Strategy calls")[:series]
    return {
        **{"height": _HEIGHT, "plot": _PLOT, "top": _TOP, "bottom": _TOP + _PLOT, "label_y": _HEIGHT - 8},
        "ticks": [{"y": _y(value), "label": str(value), "zero": value == 0} for value in (0, 12, 24)],
        "columns": columns,
        "series": [{"number": number, "name": name, "url": ""} for number, name in enumerate(names, start=1)],
        "totals": [sum(values[number] for values in WEEKS) for number in range(series)],
    }


def area() -> dict[str, Any]:
    """A line over the sample weeks; its own coordinates run from 0 to 100 both ways."""
    chart, step = bars(1), 100 / len(WEEKS)
    points = [f"{step * (number + 0.5):.2f} {100 * (1 - values[0] / _MOST):.2f}" for number, values in enumerate(WEEKS)]
    line = f"M{' L'.join(points)}"
    for column in chart["columns"]:
        column["x"] = column["middle"]
    return {**chart, "line": line, "area": f"{line} L{100 - step / 2:.2f} 100 L{step / 2:.2f} 100 Z"}


def show(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    shell = {
        "request": Stage(request),
        "menu": MENU,
        "memberships": MEMBERSHIPS,
        "search_url": reverse("styleguide:index"),
    }
    return render(request, template, {**shell, **context}, status=status)


def index(request: HttpRequest) -> HttpResponse:
    return show(
        request,
        "styleguide/index.html",
        swatches=SWATCHES,
        form=EveryKindForm(),
        wrong=Wrong().form,
        filters=SampleForm(),
        one=bars(1),
        several=bars(3),
        line=area(),
    )


def contact(request: HttpRequest) -> HttpResponse:
    return show(request, "styleguide/contact.html", used="used" in request.GET)


def consume(request: HttpRequest) -> HttpResponse:
    """The dialog of the contact page: as a fragment for htmx, as a page without."""
    form = SampleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        there = reverse("styleguide:contact") + "?used"
        return HttpResponse(status=204, headers={"HX-Redirect": there})
    fragment = bool(getattr(request, "htmx", False))
    template = "styleguide/_consume.html" if fragment else "styleguide/consume.html"
    return show(request, template, 422 if form.is_bound else 200, form=form)


def entrance(request: HttpRequest) -> HttpResponse:
    return show(request, "styleguide/entrance.html")


app_name = "styleguide"
urlpatterns = [
    path("", index, name="index"),
    path("contact/", contact, name="contact"),
    path("contact/consume/", consume, name="consume"),
    path("entrance/", entrance, name="entrance"),
]
