"""The canonical head: a face of the 70 landmarks alone, for a preview without a rig and for clips without a mesh."""
