"""The model catalog: which weight files exist, where they come from, and how they are verified.

`fetch.ensure("whisper-base")` gives a folder of verified files; `models.py` is the list itself.
"""
