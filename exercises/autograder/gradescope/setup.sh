#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image.
set -euo pipefail
AUTOGRADER="${AUTOGRADER:-/autograder}"

apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3 python3-venv bubblewrap

# Not below /root: programs run as another user, who must be able to read Python.
python3 -m venv /opt/mqsim
if compgen -G "$AUTOGRADER/source/*.whl" >/dev/null; then
  /opt/mqsim/bin/pip install "$AUTOGRADER"/source/*.whl
else
  /opt/mqsim/bin/pip install mqsim
fi
/opt/mqsim/bin/mqsim grade --doctor
