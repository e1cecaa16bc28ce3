#!/bin/sh
# man_copy.sh MYNA man/myna.1 - the page in the tree is what the program's tables say.
if "$1" __man | diff -u "$2" -; then
    exit 0
fi
echo "man/myna.1 is old: run \`make man\`"
exit 1
