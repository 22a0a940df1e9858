"""`python -m mqsim.cli` is `mqsim`."""

import sys

from mqsim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
