"""`udb workflows run`: a workflow out of a file, run and shown on this terminal as it goes on."""
