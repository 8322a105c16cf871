"""A sync as one hand-tuned PL/pgSQL call on Opost's own tables: one round trip, plans kept.

It does the same job: nothing pending costs one read and no lock; otherwise lock the counter, read
at most a batch above the watermarks in the same order, leave out what the box has or has had and
what was recalled, insert with consecutive uids, move the counter and the watermarks. It may do
what a distributed database could not: join over boxes. It knows no groups of groups.
"""

from django.db import connection

from benchmarks.database import execute

_PULL = """
CREATE FUNCTION peer_pull(target bigint, owner_name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    base bigint;
    change bigint;
    inserted bigint;
BEGIN
    PERFORM FROM mail_subscription s JOIN mail_boxcounter c ON c.box_id = s.source_id
    WHERE s.target_id = target AND c.last_uid > s.watermark LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT last_uid, modseq + 1 INTO base, change FROM mail_boxcounter
    WHERE box_id = target FOR NO KEY UPDATE;
    WITH pending AS MATERIALIZED (
        SELECT d.*, max(d.delivered) OVER (PARTITION BY d.box_id ORDER BY d.uid) AS due
        FROM mail_subscription s
        JOIN mail_boxcounter c ON c.box_id = s.source_id AND c.last_uid > s.watermark
        CROSS JOIN LATERAL (
            SELECT box_id, uid, post_id, subject, sender_name, delivered FROM mail_deliveredpost
            WHERE box_id = s.source_id AND uid > s.watermark ORDER BY uid LIMIT 1000
        ) AS d
        WHERE s.target_id = target
        ORDER BY due, d.box_id, d.uid LIMIT 1000
    ), moved AS (
        UPDATE mail_subscription s SET watermark = m.uid
        FROM (SELECT box_id, max(uid) AS uid FROM pending GROUP BY box_id) AS m
        WHERE s.target_id = target AND s.source_id = m.box_id AND s.watermark < m.uid
    ), fresh AS (
        SELECT DISTINCT ON (post_id) * FROM pending p
        WHERE NOT EXISTS (SELECT FROM mail_deliveredpost h
                          WHERE h.box_id = target AND h.post_id = p.post_id)
          AND NOT EXISTS (SELECT FROM mail_tombstone t
                          WHERE t.box_id = target AND t.post_id = p.post_id)
          AND NOT EXISTS (SELECT FROM mail_post r
                          WHERE r.id = p.post_id AND r.recalled IS NOT NULL)
        ORDER BY post_id, due, box_id, uid
    )
    INSERT INTO mail_deliveredpost
        (box_id, uid, post_id, source_id, delivered, read_at, modseq, subject, sender_name)
    SELECT target, base + row_number() OVER (ORDER BY due, box_id, uid), post_id, box_id,
           statement_timestamp(),
           CASE WHEN sender_name = owner_name THEN statement_timestamp() END,
           change, subject, sender_name
    FROM fresh;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    UPDATE mail_boxcounter SET last_uid = base + inserted, modseq = change WHERE box_id = target;
    RETURN inserted;
END $$
"""


def create() -> None:
    execute(_PULL)


def sync(target_id: int, owner_name: str) -> int:
    """Serve all subscriptions of a box, at most a batch; says how many posts are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT peer_pull(%s, %s)", [target_id, owner_name])
        return int(cursor.fetchone()[0])
