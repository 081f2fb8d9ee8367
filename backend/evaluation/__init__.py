"""Measuring performances: metrics on arrays (one idea a file), and the report that sets engines side by side.

Metrics know nothing of engines, files or HTML: they take arrays and Performances (`geometry`, `misalignment`,
`intensity`, `beats`, `jitter`, `contacts`, `articulation`, `statistics`, `coupling`, `attitude`, `judging`, `health`,
`speed`). `material` chooses recordings, `studio` lets engines perform them, `sections/` measures and `report/` writes.
`docs/metrics.md` defines every number.
"""
