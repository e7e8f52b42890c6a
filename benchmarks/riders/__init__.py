"""Who reads from the server: foxstream, what lies below it, and what people use today.

House rule: a rider is used as its own documentation shows, by its best documented settings, and
foxstream as it is shipped. A rider's loop calls `say` and `think` once for each delta and does
nothing else, so that none is charged for an adapter. Libraries are imported where they are used, so
that a process loads only its own.
"""
