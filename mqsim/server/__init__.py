"""The broker on a TCP port, in real time, for teaching.

`serve` runs it until it is told to stop; `Host` is the same inside a loop of one's own.
"""

from mqsim.server.host import Host
from mqsim.server.serve import serve

__all__ = ["Host", "serve"]
