"""What foxstream costs, beside others, in one run: `python -m benchmarks --help`.

House rule: a figure is a ratio within one run, never a number from another machine or day.
"""
