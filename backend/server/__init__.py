"""The ZeroMQ server: socket loop, jobs, authentication, and the one compute worker."""
