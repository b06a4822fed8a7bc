"""What the autograd graph of the training loss shows."""

from unstuck.observe import locate
from unstuck.observe.graph import Walk
from unstuck.observe.session import Missing, Session
from unstuck.records.finding import Place
from unstuck.records.graph import Broadcast
from unstuck.records.graph import Graph as Family


class Graph:
    """Adds up the walks over the graph that the session makes at the sampled steps."""

    family = "graph"
    session: Session

    def __init__(self) -> None:
        self._walks = 0
        self._nodes = 0
        self._opaque: set[str] = set()
        self._broadcasts: list[Broadcast] = []
        self._before_log_softmax: set[str] = set()
        self._place: Place | None = None

    def walked(self, walk: Walk) -> None:
        """One walk: the largest graph, all opaque nodes, the first broadcast of each shape."""
        self._walks += 1
        self._nodes = max(self._nodes, walk.nodes)
        self._opaque |= walk.opaque
        self._before_log_softmax |= walk.before_log_softmax
        self._place = self._place or locate.place_of(locate.person_frame(3))
        for prediction, result in walk.broadcasts[:1]:
            if not self._broadcasts:
                self._broadcasts.append(
                    {
                        "step": self.session.step,
                        "prediction_shape": prediction,
                        "result_shape": result,
                        "place": self._place,
                    }
                )

    def facts(self) -> Family | Missing:
        """The sums."""
        if not self._walks:
            return Missing("no backward pass was seen")
        return {
            "backwards": self._walks,
            "nodes": self._nodes,
            "opaque": sorted(self._opaque),
            "broadcasts": self._broadcasts,
            "before_log_softmax": sorted(self._before_log_softmax),
            "backward_place": self._place,
        }
