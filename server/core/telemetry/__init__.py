"""What an operator sees: structured logs, metrics, traces. Each can be followed by request id and trace id."""
