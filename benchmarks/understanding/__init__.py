"""How well and how fast each step understands text: one file a task of `python -m benchmarks.nlp`.

A task has `HELP`, `arguments(parser)` that adds its own options, and `measure(options)` that returns rows of figures.
"""
