#!/usr/bin/env bash
# `make run`: from a bare machine to a conversation. Each step says what it does; models that cannot
# be fetched (no network) are no reason to stop, Myna then says with what it goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install-deps.sh
[ -f build/build.ninja ] || meson setup build
ninja -C build
build/src/cli/myna models fetch ||
    echo "models: not all are here; going on with what is (see: build/src/cli/myna models)" >&2
exec build/src/cli/myna console "$@"
