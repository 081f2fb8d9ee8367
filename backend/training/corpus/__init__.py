"""The training corpus: clips of speech with the times of their phones, from voices that may be used for it."""
