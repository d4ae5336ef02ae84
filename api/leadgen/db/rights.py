"""Whether a role may deploy, and which statements an administrator must run first where it may not.

A superuser may. So may an administrator of managed PostgreSQL, who has CREATEROLE and a database of their own, but is
no superuser: sql/policies/roles.sql then makes the roles and gives leadgen_owner to them. From PostgreSQL 16 on,
CREATEROLE reaches only the roles that one has made, or was given with ADMIN OPTION.
"""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from leadgen.db.objects import MigrateError
from leadgen.db.owner import OWNER, SCHEMAS
from leadgen.db.tree import SqlTree

RIGHTS = """
select
  quote_ident(me.rolname) as role,
  quote_ident(current_database()) as database,
  me.rolsuper as is_superuser,
  me.rolcreaterole as creates_roles,
  array(select name from unnest(%(roles)s::text[]) name where to_regrole(name) is null order by 1) as lacking_roles,
  o.oid is not null as has_owner,
  coalesce(pg_has_role(o.oid, case when v.since_16 then 'set' else 'member' end), false) as acts_as_owner,
  coalesce(pg_has_role(o.oid, 'member with admin option'), false) or me.rolcreaterole and not v.since_16 as gives_owner,
  exists (select from unnest(%(schemas)s::text[]) name where to_regnamespace(name) is null) as lacks_schemas,
  has_database_privilege(current_database(), 'create') as creates_schemas,
  has_database_privilege(coalesce(o.rolname, 'public'), current_database(), 'temporary')
  or has_database_privilege(current_database(), 'temporary with grant option') as has_temporary
from pg_roles me
cross join (select current_setting('server_version_num')::integer >= 160000 as since_16) v
left join pg_roles o on o.rolname = %(owner)s
where me.rolname = current_user
"""


# A database that has LeadGen in it has its books, also when it was restored without owners.
TAKEN = """
select quote_ident(n.nspname), quote_ident(pg_get_userbyid(n.nspowner))
from pg_namespace n
where n.nspname = any (%s)
and pg_get_userbyid(n.nspowner) <> %s
and not exists (
  select from pg_class c
  join pg_namespace l on l.oid = c.relnamespace
  where l.nspname = 'leadgen'
  and c.relname = 'schema_migrations'
)
order by 1
"""


class Rights(NamedTuple):
    """What the session's role may do here, as far as a deploy needs it. Names are quoted where they must be."""

    role: str
    database: str
    is_superuser: bool
    creates_roles: bool
    lacking_roles: list[str]
    has_owner: bool
    acts_as_owner: bool
    gives_owner: bool
    lacks_schemas: bool
    creates_schemas: bool
    has_temporary: bool

    def list_statements(self) -> list[str]:
        """What an administrator must run first; nothing for a role that may deploy."""
        statements: list[str] = []
        if self.is_superuser:
            return statements
        if self.lacking_roles and not self.creates_roles:
            statements.append(f"alter role {self.role} createrole;")
        if self.has_owner and not self.acts_as_owner and not self.gives_owner:
            statements.append(f"grant {OWNER} to {self.role};")
        if (self.lacks_schemas and not self.creates_schemas) or not self.has_temporary:
            statements.append(
                f"grant create, temporary on database {self.database} to {self.role} with grant option;"
            )
        return statements


def check_names(connection: psycopg.Connection) -> None:
    """Raise MigrateError when somebody else has a schema by one of our names in a database without LeadGen."""
    taken = connection.execute(TAKEN, [SCHEMAS, OWNER]).fetchall()
    if taken:
        schemas = ", ".join(f"{name} (it belongs to {owner})" for name, owner in taken)
        raise MigrateError(
            f"this database has schemas that LeadGen needs for itself: {schemas}. Rename them "
            f"(alter schema {taken[0][0]} rename to …), or give LeadGen a database of its own. Nothing was changed"
        )


def check_rights(connection: psycopg.Connection, tree: SqlTree) -> Rights:
    """The rights of the session's role. Raises MigrateError, with the statements, when they do not suffice."""
    with connection.cursor(row_factory=class_row(Rights)) as cursor:
        (rights,) = cursor.execute(RIGHTS, {"roles": tree.role_names(), "schemas": SCHEMAS, "owner": OWNER})
    statements = rights.list_statements()
    if statements:
        raise MigrateError(
            f"the role {rights.role} may not migrate. Use leadgen_migrator or an administrator's role, "
            "or have an administrator of the server run first:\n  "
            + "\n  ".join(statements)
            + "\nNothing was changed"
        )
    return rights
