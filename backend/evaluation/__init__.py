"""Measuring performances: what they do against what people were measured to do."""
