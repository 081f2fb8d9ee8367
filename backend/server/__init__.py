"""The server: a ROUTER loop that lets known clients in, queues their jobs, and has one process compute them.

`server` loops; `desk` answers each operation; `jobs` is the bounded queue; `post` sends without ever waiting;
`compute` is the server's handle on the compute process and `worker` what runs in it; `gate` checks CURVE keys.
"""
