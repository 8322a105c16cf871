"""The set-based heart: uids, insert, pull, remove. Called by services only.

Rules that every statement here keeps:

- A uid is given out under the lock of the box's counter row, in the transaction that inserts the
  row. Whoever sees uid n therefore sees every uid below n, and a watermark is a plain number.
- A decision about a box's content is made by a statement that starts after the lock was granted
  (READ COMMITTED: its snapshot is then new enough), or is guarded by the unique constraint
  (box, post), in which case the statement is tried again.
- Counters are locked in the order of their box ids.
- Who has delivered a post looks, at the end, whether it was recalled meanwhile. A recall is
  committed before it looks for copies, so one of the two finds each copy. It looks again when the
  pulls that may have read one before have ended: see `mail.delivery.recall`.
- No statement joins posts with delivered posts, and none needs two boxes of different owners on
  one machine, so that the tables can be distributed by box.
"""
