#!/bin/sh
echo "hello, and all of it:" "$(cd /all && find . -type f | sort | tr "\n" " ")"
