#!/usr/bin/env bash
# Resolve every lock file anew. Hashes cover all platforms, and no file names the registry it came from.
set -euo pipefail
cd "$(dirname "$0")/.."

resolve() { # input, output, further options
    printf '· %s\n' "$2" >&2
    .venv/bin/uv pip compile "$1" --output-file "$2" "${@:3}" --upgrade --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock"
}

resolve requirements.in requirements.lock
# The tools run beside the product's own libraries, in one environment: both locks agree.
resolve requirements-dev.in requirements-dev.lock --constraint requirements.lock
resolve benchmarks/requirements.in benchmarks/requirements.lock
resolve benchmarks/requirements-prefect.in benchmarks/requirements-prefect.lock

printf '· package-lock.json\n' >&2
PATH="$PWD/.venv/bin:$PATH" npm update --package-lock-only --loglevel error
