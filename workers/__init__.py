"""Work outside requests: the relay hands committed jobs to the broker, workers do them, the scheduler repeats some.

Table `job` is the truth. The broker only carries ids, and may lose them all: what was sent and not taken is sent again.
"""
