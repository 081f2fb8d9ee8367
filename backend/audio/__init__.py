"""Sound in: decoding, features, prosody, voice activity."""
