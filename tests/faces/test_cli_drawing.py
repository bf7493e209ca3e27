"""A plan's graph in the terminal: lanes that carry results down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from solvent.faces.cli.doing.drawing import draw


def drawn(feeds):
    """The picture of a graph whose nodes are the keys."""
    lines = draw(list(feeds), feeds, {})
    return "\n".join(f"{line.lanes}  {line.node}" if line.node else line.lanes for line in lines)


def test_the_main_job_looks_as_it_should():
    """Two inputs meet, a split is used four times, and each joint shows what goes on and what ends."""
    feeds = {
        "flights": [], "weather": [], "join": ["flights", "weather"], "split": ["join"], "fit": ["split"],
        "transform": ["fit", "split"], "train": ["transform"], "assemble": ["fit", "train"],
        "evaluate": ["assemble", "split"], "deploy": ["assemble", "evaluate", "split"],
    }  # fmt: skip
    assert (
        drawn(feeds)
        == """\
●  flights
│ ●  weather
├─╯
●  join
●  split
├─╮
│ ●  fit
├─┼─╮
│ │ ●  transform
│ │ ●  train
│ ├─╯
│ ●  assemble
├─┼─╮
│ │ ●  evaluate
├─┴─╯
●  deploy"""
    )


def test_lanes_are_crossed_and_freed():
    """A result on the far right is led under others; a lane that ended is used again; loose nodes need none."""
    assert (
        drawn({"a": [], "b": [], "c": [], "d": ["a", "c"], "e": ["b", "d"], "f": ["a"]})
        == """\
●  a
│ ●  b
│ │ ●  c
├─│─┤
│ │ ●  d
│ ├─╯
│ ●  e
●  f"""
    )
    assert drawn({"a": [], "b": []}) == "●  a\n●  b"


@st.composite
def graphs(draw):
    """Graphs of up to a dozen nodes, in an order in which producers come first."""
    count = draw(st.integers(1, 12))
    return {str(node): [str(one) for one in range(node) if draw(st.booleans())] for node in range(count)}


def lanes_of(text):
    """The columns in which a line's signs are open upwards, and downwards."""
    up, down = set("│├┤┼╰╯┴●"), set("│├┤┼╭╮┬●")
    return {place for place, sign in enumerate(text) if sign in up}, {
        place for place, sign in enumerate(text) if sign in down
    }


@given(graphs())
def test_any_graph_is_drawn_without_a_broken_lane(feeds):
    """Each node stands once and in order, and what a line leads down is taken up by the next, or by a node."""
    lines = list(draw(list(feeds), feeds, {}))
    assert [line.node for line in lines if line.node] == list(feeds)
    last = {source: node for node, sources in feeds.items() for source in sources}
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        _, down = lanes_of(line.lanes)
        dead_end = line.lanes.index("●") if line.node and line.node not in last else None
        up = lanes_of(after.lanes)[0] if after else set()
        assert down - {dead_end} <= up


@given(graphs())
def test_what_stands_under_a_node_keeps_its_lanes(feeds):
    """The lanes beside a node's details are those that go on."""
    for line in draw(list(feeds), feeds, {}):
        if line.node:
            assert set(line.below) <= {"│", " "}
