"""Changing a tree of steps: whatever is done in whatever order, it stays a program."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations import programs
from automations.programs import DEEPEST, END, MOST_STEPS, Misplaced, Place, parse, walk
from automations.queries import problems
from tests.automations.flows import step

KINDS = ("consume", "branching", "wait", "condition", "jump", "stop")

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "insert", "insert", "replace", "move", "move", "remove", "shift", "duplicate"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        st.sampled_from(KINDS),
    ),
    max_size=60,
)


def node(kind, keys, pick):
    """A new step; a jump leads to one that is there, or nowhere."""
    if kind == "jump":
        return step("jump", programs.new_key(), to=keys[pick % len(keys)] if keys and pick % 3 else "nowhere")
    if kind == "branching":
        return step("consume", programs.new_key(), short="branch")
    return step(kind, programs.new_key(), **({"short": "stop"} if kind == "consume" else {}))


def keys_of(steps):
    return [one["key"] for one in walk(steps)]


def apply(steps, what, one, two, kind):
    keys = keys_of(steps)
    if what == "insert":
        there = programs.places(steps)
        return programs.insert(steps, node(kind, keys, two), there[one % len(there)])
    if not keys:
        return steps
    key = keys[one % len(keys)]
    if what == "replace":
        return programs.replace(steps, key, {"short": "branch"} if two % 2 else {"short": "stop"})
    if what == "move":
        there = programs.places(steps)
        return programs.move(steps, key, there[two % len(there)])
    if what == "remove":
        return programs.remove(steps, key)
    if what == "shift":
        return programs.shift(steps, key, up=bool(two % 2))
    return programs.duplicate(steps, key)


@settings(deadline=None)
@given(OPERATIONS)
def test_any_sequence_of_changes_leaves_a_program(operations):
    steps = []
    for what, one, two, kind in operations:
        before, was = copy.deepcopy(steps), set(keys_of(steps))
        try:
            changed = apply(steps, what, one, two, kind)
        except Misplaced:
            assert steps == before
            continue
        assert steps == before, "what was there is not touched"
        steps = changed
        keys = keys_of(steps)
        assert len(keys) == len(set(keys)) <= MOST_STEPS
        assert all(1 <= len(key) <= 12 for key in keys)
        program = parse(steps)
        assert list(program.nodes) == keys
        for key, there in program.nodes.items():
            assert there.depth <= DEEPEST
            assert program.after(key) in {"", *keys}
            for branch in programs.branches(there.kind, there.settings):
                assert program.into(key, branch) in {"", *keys}
            assert there.branch in ("", *programs.BRANCHES)
            # A branch with steps is one that its step takes.
            assert not there.parent or there.branch in programs.branches(
                program.nodes[there.parent].kind, program.nodes[there.parent].settings
            )
            wrong = problems._nowhere(key, there.kind, there.settings, program)
            leads = there.kind == "jump" and there.settings.get("to") in keys and there.settings.get("to") != key
            assert bool(wrong) == (there.kind == "jump" and not leads)
        if what in ("move", "shift", "replace"):
            assert set(keys) == was


def tree():
    """1 condition (yes: 2; no: 3 consume (no: 4)), 5."""
    inner = step("consume", "c", no=[step("tag", "d")], short="branch")
    return [step("condition", "a", yes=[step("wait", "b")], no=[inner]), step("stop", "e")]


def test_steps_are_put_where_they_are_said_to_be():
    new = step("email", "new")
    assert keys_of(programs.insert(tree(), new)) == ["a", "b", "c", "d", "e", "new"]
    assert keys_of(programs.insert(tree(), new, Place(before="e"))) == ["a", "b", "c", "d", "new", "e"]
    assert keys_of(programs.insert(tree(), new, Place("c", "no", "d"))) == ["a", "b", "c", "new", "d", "e"]
    assert keys_of(programs.insert(tree(), new, Place("a", "yes"))) == ["a", "b", "new", "c", "d", "e"]
    assert programs.place_of(tree(), "b") == Place("a", "yes")
    assert programs.place_of(tree(), "a") == Place(before="e")


def test_a_step_moves_with_what_stands_in_its_branches():
    moved = programs.move(tree(), "c", END)
    assert moved == [
        step("condition", "a", yes=[step("wait", "b")]) | {"no": []},
        step("stop", "e"),
        step("consume", "c", no=[step("tag", "d")], short="branch"),
    ]
    assert programs.move(tree(), "c", programs.place_of(tree(), "c")) == tree()
    assert programs.move(tree(), "c", Place("a", "no", "c")) == tree()
    assert keys_of(programs.shift(tree(), "e", up=True)) == ["e", "a", "b", "c", "d"]
    assert programs.shift(tree(), "a", up=True) == tree()


@pytest.mark.parametrize("place", [Place("a", "no", "c"), Place("c", "no", "d"), Place("c", "no")])
def test_a_step_cannot_stand_in_itself(place):
    with pytest.raises(Misplaced):
        programs.move(tree(), "a", place)


@pytest.mark.parametrize(
    "place",
    [Place(before="gone"), Place("gone", "yes"), Place("b", "yes"), Place("a", "maybe"), Place("a", "yes", "e")],
)
def test_a_place_that_is_not_there_is_refused(place):
    with pytest.raises(Misplaced):
        programs.insert(tree(), step("stop", "new"), place)


def test_a_branch_in_which_there_are_steps_is_not_lost():
    with pytest.raises(Misplaced) as refusal:
        programs.replace(tree(), "c", {"short": "stop"})
    assert refusal.value.field == "short"
    emptied = programs.remove(tree(), "d")
    assert "no" not in programs.find(programs.replace(emptied, "c", {"short": "stop"}), "c")


def test_a_copy_has_keys_of_its_own_and_jumps_within_itself():
    steps = [
        step("condition", "a", yes=[step("tag", "b"), step("jump", "c", to="b"), step("jump", "d", to="e")]),
        step("stop", "e"),
    ]
    copied = programs.duplicate(steps, "a", "new")
    assert keys_of(copied)[0:4] == ["a", "b", "c", "d"]
    assert copied[0] == steps[0]
    inner = copied[1]["yes"]
    assert copied[1]["key"] == "new"
    assert inner[1]["settings"]["to"] == inner[0]["key"] not in ("b", "")
    assert inner[2]["settings"]["to"] == "e"


def test_there_are_limits():
    most = [step("tag", f"k{number}") for number in range(MOST_STEPS)]
    with pytest.raises(Misplaced):
        programs.insert(most, step("tag", "new"))
    with pytest.raises(Misplaced):
        programs.insert([step("tag", "a")], step("tag", "a"))
    steps, place = [], END
    for depth in range(DEEPEST + 1):
        steps = programs.insert(steps, step("condition", f"k{depth}"), place)
        place = Place(f"k{depth}", "yes")
    with pytest.raises(Misplaced):
        programs.insert(steps, step("tag", "deeper"), place)


def test_places_are_read_as_they_are_written():
    for place in programs.places(tree()):
        assert Place.read(str(place)) == place
    assert len(programs.places(tree())) == 5 + 4
    assert len(programs.places(tree(), "a")) == 3
    for wrong in ("", "a", "a..b", ".yes.", "a.maybe.b", "a.b.c.d"):
        with pytest.raises(Misplaced):
            Place.read(wrong)
