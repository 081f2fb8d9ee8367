"""Training: one command for each model that is shipped."""
