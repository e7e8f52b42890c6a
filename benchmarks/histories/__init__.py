"""Histories: what can happen to one answer on its way, lived through and judged.

House rule: a history is data made from a seed. How it is lived (without a loop, in virtual time, on
sockets) and what is right in the end are told apart from it.
"""
