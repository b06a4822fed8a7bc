"""Whether the script came to its own end."""

from unstuck.observe.session import Session
from unstuck.records.ending import Ending as Family


class Ending:
    """Asks the session, which is told by whoever runs the script."""

    family = "ending"
    session: Session

    def facts(self) -> Family:
        """How far the training came."""
        session = self.session
        return {"ended": session.ended, "steps": session.steps, "updates": session.updates}
