"""Where submitted programs run: confined, so that they reach nothing but their own simulated world.

    level 3   one fork server for each submission inside bubblewrap: namespaces of its own for processes,
              network, inter-process communication, host name and mounts; a read-only view of Python and the
              submission; a small file system in memory; as root another user; and each program as in level 2
    level 2   another user, Landlock, a system-call filter, resource limits
    level 1   the same without another user
    level 0   resource limits alone: no protection from a program that means harm

`levels.py` says which of them a machine offers, and why not the others. `confine.py` is what a program's
process does to itself before the program begins; `inside.py` is the fork server with that.
"""
