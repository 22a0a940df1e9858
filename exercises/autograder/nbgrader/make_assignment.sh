#!/usr/bin/env bash
# Writes an exercise as an nbgrader assignment: make_assignment.sh task_queue COURSE
# Then: nbgrader generate_assignment NAME, and so on. nbgrader runs notebooks on the instructor's machine as they are;
# to confine what was handed in, run `mqsim grade NAME COURSE/submitted --format csv` beside it.
set -euo pipefail
MQSIM="${MQSIM:-mqsim}"
"$MQSIM" exercise release "$1" "$2/source/$(basename "$1")"
