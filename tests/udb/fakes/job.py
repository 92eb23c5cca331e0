"""A process that works on jobs as far as the supervisor can see: it logs a line and waits."""

import json
import os
import signal
import sys

sys.stdout.write(json.dumps({"event": "waiting", "level": "warning", "broker": os.environ["BROKER_URL"][:8]}) + "\n")
sys.stdout.write(json.dumps({"event": "job ready", "level": "info"}) + "\n")
sys.stdout.flush()
signal.pause()
