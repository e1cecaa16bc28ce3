#!/usr/bin/env bash
# `make run`: from a bare machine to a conversation. Each step says what it does; models that cannot
# be fetched (no network) are no reason to stop, Myna then says with what it goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install-deps.sh
[ -f build/build.ninja ] || meson setup build
ninja -C build src/cli/myna
build/src/cli/myna models fetch ||
    echo "models: not all are here; going on with what is (see: build/src/cli/myna models)" >&2
# Without a recogniser nobody would be heard: the same conversation, typed.
if [ $# -eq 0 ] && ! build/src/cli/myna models | grep -q '^moonshine-tiny-en *here'; then
    echo "no recogniser: type instead of speaking (empty line or Ctrl-D ends)" >&2
    set -- --text
fi
exec build/src/cli/myna console "$@"
