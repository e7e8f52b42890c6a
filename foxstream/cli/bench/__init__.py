"""`foxstream bench`: the stopwatch on the command line.

    app, options              the commands and their options, as typer reads them
    levels, prompts           options -> plans, one for each load
    consent                   what it may cost, and whether that is wanted
    keeping                   the files: whether they can be written, and writing them
    measuring                 the loads, one after the other, and how that ends
    columns                   lines of a table, aligned
    load_table, levels_table  what came out, of one load and of several
    self_testing, comparing, reporting, explaining    one room for each of the other commands

House rule: figures are made in `foxstream.bench`; here they are asked for, shown and kept.
"""
