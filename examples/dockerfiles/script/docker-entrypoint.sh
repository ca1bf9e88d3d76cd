#!/bin/sh
# `exec` makes the program the container's first process, which gets the signals.
set -eu
if [ "$1" = serve ]; then
  echo "prepared"
  exec echo "serving on 27017"
fi
exec "$@"
