"""A graph drawn in text: one line a node, in order, with lanes that carry results down to whoever needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Line", "draw"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the drawing: the lanes, the node that stands on it (or none), and the lanes that go on below."""

    lanes: str
    node: str | None
    below: str


# What joins the bus in a lane: does it go on up, down, left, right.
_JOINTS = {
    (True, True, False, True): "├",
    (True, True, True, False): "┤",
    (True, True, True, True): "┼",
    (True, False, False, True): "╰",
    (True, False, True, False): "╯",
    (True, False, True, True): "┴",
    (False, True, False, True): "╭",
    (False, True, True, False): "╮",
    (False, True, True, True): "┬",
    (False, False, True, True): "─",
    (True, True, False, False): "│",
    (False, False, False, False): " ",
}


def draw(nodes: Sequence[str], feeds: Mapping[str, Sequence[str]], marks: Mapping[str, str]) -> Iterator[Line]:
    """The lines of a graph. ``nodes`` are in an order in which every producer of ``feeds[node]`` comes before it."""
    last = {source: node for node in nodes for source in feeds.get(node, ())}
    lanes: list[str | None] = []
    for node in nodes:
        from_ = [place for place, source in enumerate(lanes) if source is not None and source in feeds.get(node, ())]
        ending = {place for place in from_ if last[lanes[place] or ""] == node}
        own = next((place for place in from_ if place in ending), None)
        if own is None:
            own = next((place for place, source in enumerate(lanes) if source is None), len(lanes))
        if own == len(lanes):
            lanes.append(None)
        if from_ and from_ != [own]:
            yield Line(_bus(lanes, from_, ending, own), None, "")
        for place in ending:
            lanes[place] = None
        before = "".join(("│ " if source is not None else "  ") for source in lanes[:own])
        after = "".join((" │" if source is not None else "  ") for source in lanes[own + 1 :])
        lanes[own] = node if node in last else None
        while lanes and lanes[-1] is None:
            lanes.pop()
        below = "".join(("│ " if source is not None else "  ") for source in lanes)
        yield Line((before + marks.get(node, "●") + after).rstrip(), node, below)


def _bus(lanes: Sequence[str | None], from_: Sequence[int], ending: set[int], own: int) -> str:
    """The line above a node on which the lanes that feed it are led to it."""
    first, end = min(*from_, own), max(*from_, own)
    text = ""
    for place, source in enumerate(lanes):
        joined = place in from_ or place == own
        up = source is not None and (place in from_ or not first <= place <= end or place != own)
        down = place == own or (source is not None and place not in ending)
        left, right = first < place <= end and joined, first <= place < end and joined
        if not joined and first < place < end:
            text += "│" if source is not None else "─"
        else:
            text += _JOINTS[(up, down, left, right)]
        text += "─" if first <= place < end else " "
    return text.rstrip()
