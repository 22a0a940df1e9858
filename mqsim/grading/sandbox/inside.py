"""The fork server's own process in a sandbox; the command line gives its socket, its paths and its plan.

    python inside.py DESCRIPTOR '{"path": [...], "plan": {...}}'

It has a clean environment, and holds no key, no hidden check and no other submission.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Confine and serve."""
    given = json.loads(sys.argv.pop())
    sys.path[:] = given["path"]
    from mqsim.grading.sandbox.confine import Confined, Plan
    from mqsim.guest.carriers import fork_main

    fields = given["plan"]
    fork_main.main(Confined(Plan(**{**fields, "readable": tuple(fields["readable"])})))


if __name__ == "__main__":
    main()
