"""What a trick in a hot path gains: one module for each, beside a running installation.

`set -a; . var/run/env; set +a; .venv/bin/python -m benchmarks.micro.prepared`
"""
