"""The driver does a plan's nodes in order, each by its kind, and stops early only when somebody interrupts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvent.engine.execute.mapping import do_map
from solvent.engine.execute.reading import do_input
from solvent.engine.execute.stepping import do_step

if TYPE_CHECKING:
    from solvent.engine.execute.hand import Scope, State
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.plan import NodePlan

__all__ = ["carry_out", "do"]


def carry_out(session: Session) -> None:
    """Do every selected node of the session's plan, and leave everything written."""
    with session.capture:
        try:
            session.keep_constants()
            for path in session.plan.graph.nodes:
                if path in session.plan.selected:
                    do(session, session.plan.nodes[path], session.top)
                    session.release(path)
        finally:
            session.writer.close()
            session.meter.close()


def do(session: Session, one: NodePlan, scope: Scope) -> State:
    """Do one node, unless something that it needs stands in the way."""
    fate, why = session.fate(one, scope)
    if fate is not None:
        state = session.record_idle(one, scope, fate, None, scope.item)
        session.tell(one.node.path, scope.item, fate, error=why)
    elif one.node.kind == "input":
        state = do_input(session, one)
    elif one.node.kind == "map":
        state = do_map(session, one, scope)
    else:
        state = do_step(session, one, scope, scope.item)
    scope.states[one.node.path] = state
    return state
