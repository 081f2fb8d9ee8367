"""The canonical face: landmarks, the displacement of each under each channel, normalize and relocate."""
