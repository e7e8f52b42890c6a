"""What clients do when a stream goes wrong: the same mishaps for all, run and not quoted.

House rule: no outcome is written by hand. A server in another process plays the fault, a client in
a process of its own reads it as its documentation says, and `verdict` puts into words what both
of them saw.
"""
