"""Whether executions of workflows go on: somebody runs them, and none is in a state that it should not be in."""

from typing import Final

from udb.doctor.finding import Ailing, Patient
from udb.doctor.looking import as_worker
from udb.doctor.services import database_url

_RUNNERS: Final = "SELECT count(*) FROM workflow_runner WHERE lease_time > now()"
_OPEN: Final = "SELECT count(*) FROM workflow_open_execution"
_STUCK: Final = "SELECT problem, count(*) FROM workflow_stuck GROUP BY problem ORDER BY problem"


def workflows(patient: Patient) -> str:
    """Runners live, and the view of what should not be is empty."""
    url = database_url(patient)
    if url is None:
        return "nothing runs now (`make run` starts it)"
    with as_worker(url) as cursor:
        cursor.execute(_RUNNERS)
        (runners,) = cursor.fetchone() or (0,)
        cursor.execute(_OPEN)
        (executions,) = cursor.fetchone() or (0,)
        cursor.execute(_STUCK)
        stuck = cursor.fetchall()
    if stuck:
        told = ", ".join(f"{count} {problem}" for problem, count in stuck)
        raise Ailing(f"some do not go on: {told}", "see the runners' logs; `SELECT * FROM workflow_stuck` names them")
    if not runners and (patient.runs or executions):
        raise Ailing(
            f"no runner lives, {executions:,} executions are open", "start `python -m workers run`, or see its log"
        )
    return f"{runners} runners, {executions:,} open executions"
