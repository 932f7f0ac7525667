"""What a file's metadata tell of its origin: findings, in words, with where they stand and what they do not prove.

No score and no verdict comes from here: metadata are written, copied and removed by anyone, and most are removed by
nobody in particular on the way through an upload. That they are missing proves nothing. Two things are harder to
write by chance: a contradiction between two parts of one file, and a signature (C2PA).
"""
