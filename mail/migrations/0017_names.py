"""Names that are never given again; and people and groups by their names without accents."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Who wrote, or was written to, and has no box any more, was deleted.
RESERVE = """
INSERT INTO mail_reservedname (name, created)
SELECT DISTINCT ON (lower(name)) name, statement_timestamp() FROM (
    SELECT sender_name AS name FROM mail_post WHERE sender_id IS NULL
    UNION SELECT unnest("to" || cc) FROM mail_post
) AS mentioned
WHERE name <> '' AND NOT EXISTS (SELECT FROM mail_box b WHERE lower(b.name) = lower(mentioned.name))
ON CONFLICT DO NOTHING
"""

# Letters without case, accents and what people leave out or write otherwise: spaces, hyphens,
# apostrophes. Of letters alone, as `mail.words` folds them.
PLAIN = r"""
CREATE OR REPLACE FUNCTION mail_plain(written text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
    pg_catalog.translate(
        pg_catalog.regexp_replace(
            pg_catalog.lower(pg_catalog.normalize(written, 'NFKD')),
            '[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed'
            '\u0640[:space:]''’ʼ`´.·・‐‑–-]', '', 'g'),
        'øłđðıةى', 'olddiهي'),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
$$
"""


def plain(*parts: str) -> models.Func:
    return models.Func(*parts, template="mail_plain(%(expressions)s)", arg_joiner=" || ")


def by(*parts: str) -> django.contrib.postgres.indexes.OpClass:
    return django.contrib.postgres.indexes.OpClass(plain(*parts), name="text_pattern_ops")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mail", "0016_last_seen")]

    operations = [
        migrations.CreateModel(
            name="ReservedName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        name="reserved_name_nocase",
                    )
                ]
            },
        ),
        migrations.RunSQL(RESERVE, migrations.RunSQL.noop),
        migrations.RunSQL(PLAIN, "DROP FUNCTION mail_plain(text)"),
        AddIndexConcurrently(
            model_name="box",
            index=models.Index(
                models.F("kind"),
                by("name"),
                condition=~models.Q(kind="folder"),
                name="box_by_plain_name",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(by("first_name", "last_name"), name="user_by_plain_name"),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(by("last_name", "first_name"), name="user_by_family_name"),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                fields=["id"], condition=models.Q(is_active=False), name="user_inactive"
            ),
        ),
    ]
