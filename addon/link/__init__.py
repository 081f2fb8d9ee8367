"""The add-on's side of the wire: find, start and talk to the backend. No Blender module is imported here.

`Session` is a conversation driven by `pump()`; `Launcher` starts and stops the backend as a child process.
"""
