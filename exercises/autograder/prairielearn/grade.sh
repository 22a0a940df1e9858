#!/usr/bin/env bash
# PrairieLearn runs this in a container, for each submission; the exercise's name is the argument.
set -uo pipefail
GRADE="${GRADE:-/grade}"
MQSIM="${MQSIM:-/opt/mqsim/bin/mqsim}"
mkdir -p "$GRADE/results"

options=(--format prairielearn --require-sandbox 1)
[ -d "$GRADE/tests/private" ] && options+=(--private "$GRADE/tests/private")

if "$MQSIM" grade "$1" "$GRADE/student" "${options[@]}" >"$GRADE/results/new.json" 2>"$GRADE/results/errors.txt"; then
  mv "$GRADE/results/new.json" "$GRADE/results/results.json"
else
  # Not gradable: the attempt does not count.
  printf '{"gradable": false, "message": "The grader failed. This is not your fault; please tell the staff."}\n' \
    >"$GRADE/results/results.json"
  cat "$GRADE/results/errors.txt" >&2
fi
