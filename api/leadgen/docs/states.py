"""state-machines.md: the rows of leadgen.state_transitions, drawn."""

from leadgen.docs.catalogue import Catalogue
from leadgen.docs.markdown import mermaid, page, table
from leadgen.docs.source import Source


def make_states(catalogue: Catalogue, _: Source) -> str:
    """The page."""
    entities = dict.fromkeys(move.entity for move in catalogue.moves)
    return page(
        "State machines",
        "The allowed moves, from the rows of `leadgen.state_transitions`. Any other move is refused by trigger: LG409.",
        *(_describe(catalogue, entity) for entity in entities),
    )


def _describe(catalogue: Catalogue, entity: str) -> str:
    moves = [move for move in catalogue.moves if move.entity == entity]
    columns = [column for column in catalogue.columns if column.table == entity]
    guarded = {name for trigger in catalogue.triggers if trigger.table == entity for name in trigger.columns}
    states = dict.fromkeys(state for move in moves for state in (move.from_state, move.to_state))
    starts = [
        state
        for state in states
        for column in columns
        if column.name in guarded and (column.default or "").startswith(f"'{state}'")
    ]
    ends = [state for state in states if state not in {move.from_state for move in moves}]
    lines = [f"  [*] --> {state}" for state in dict.fromkeys(starts)]
    lines += [f"  {move.from_state} --> {move.to_state}" for move in moves]
    lines += [f"  {state} --> [*]" for state in ends]
    rows = (
        [f"`{one}`", ", ".join(f"`{m.to_state}`" for m in moves if m.from_state == one) or "the end"]
        for one in states
    )
    return f"## {entity}\n\n{mermaid('stateDiagram-v2', *lines)}\n\n{table(['from', 'to'], rows)}"
