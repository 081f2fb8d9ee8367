"""Operators: each reads properties, calls one function of rig or link, and reports."""
