"""Real client programs in virtual time: a student's own pika files, unmodified, against the simulated world.

A guest is one program. Its runtime emulates sockets, clocks, threads and the rest on one blocking call; a
carrier brings that call to the host: greenlets in this process, or a process of its own in lockstep.
`GuestProcess` is the guest as the world drives it.

Import from the modules. The guest's side of it (`runtime` and what lies under it) never imports the
simulation, since a fork server that runs untrusted programs must not contain it.
"""
