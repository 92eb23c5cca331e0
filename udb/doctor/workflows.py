"""Whether executions of workflows go on: somebody runs them, and none is in a state that it should not be in."""

from contextlib import closing
from typing import Final

import psycopg2

from udb.doctor.finding import Ailing, Patient
from udb.doctor.services import database_url

_TIMEOUT_S: Final = 5
_RUNNERS: Final = "SELECT count(*) FROM workflow_runner WHERE lease_time > now()"
_OPEN: Final = "SELECT count(*) FROM workflow_open_execution"
_STUCK: Final = "SELECT problem, count(*) FROM workflow_stuck GROUP BY problem ORDER BY problem"


def workflows(patient: Patient) -> str:
    """Runners live, and the view of what should not be is empty."""
    url = database_url(patient)
    if url is None:
        return "nothing runs now (`make run` starts it)"
    try:
        with closing(psycopg2.connect(url, connect_timeout=_TIMEOUT_S)) as connection, connection.cursor() as cursor:
            # As the runners see it, who see every workspace.
            cursor.execute("SET ROLE userdata_worker")
            cursor.execute(_RUNNERS)
            (runners,) = cursor.fetchone() or (0,)
            cursor.execute(_OPEN)
            (executions,) = cursor.fetchone() or (0,)
            cursor.execute(_STUCK)
            stuck = cursor.fetchall()
    except psycopg2.Error as error:
        raise Ailing(
            f"they cannot be looked at ({str(error).strip()})", "mend what the database's check says"
        ) from error
    if stuck:
        told = ", ".join(f"{count} {problem}" for problem, count in stuck)
        raise Ailing(f"some do not go on: {told}", "see the runners' logs; `SELECT * FROM workflow_stuck` names them")
    if not runners and (patient.runs or executions):
        raise Ailing(
            f"no runner lives, {executions:,} executions are open", "start `python -m workers run`, or see its log"
        )
    return f"{runners} runners, {executions:,} open executions"
