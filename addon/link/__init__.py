"""Talking to the backend: client, session, launcher. No Blender here."""
