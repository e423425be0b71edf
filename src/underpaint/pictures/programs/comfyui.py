"""ComfyUI: the graph of its API (`prompt`), or its page's workflow (`workflow`), wherever a saver put it."""

from underpaint.pictures.found import Found
from underpaint.pictures.loose import load_object
from underpaint.pictures.programs.comfy.account import Account, account
from underpaint.pictures.programs.comfy.graph import Graph
from underpaint.pictures.programs.comfy.workflow import graph_of
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import reading
from underpaint.pictures.unwrap import is_graph


def read(found: Found) -> Reading | None:
    """A Reading of the graph, else of the workflow, or None."""
    told = tell(found)
    if told is None:
        return None
    return reading(told.told, found, more={"samplers": told.samplers} if told.samplers else None)


def tell(found: Found) -> Account | None:
    """What the graph or the workflow in a file tells, None where there is neither."""
    graph = graph_in(found)
    return account(graph, (found.width, found.height)) if graph is not None else None


def graph_in(found: Found) -> Graph | None:
    """The graph in a file, or the one that its workflow means; None where there is neither."""
    data = load_object(found.text("prompt"))
    if data is not None and not is_graph(data):
        data = load_object(data.get("prompt"))
    if data is not None and is_graph(data):
        return Graph.from_api(data)
    workflow = load_object(found.text("workflow"))
    if workflow is not None and isinstance(workflow.get("nodes"), list):
        return graph_of(workflow)
    return None
