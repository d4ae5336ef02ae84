"""The catalogue of a database in the declared state: tables, functions, triggers, moves, grants."""

import re
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg.rows import class_row

Row = TypeVar("Row")

COLUMNS = """
select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
  not a.attnotnull as may_be_null,
  case when a.attidentity <> '' then 'identity' when a.attgenerated <> '' then 'generated'
    else pg_get_expr(d.adbin, d.adrelid) end as "default",
  coalesce(col_description(c.oid, a.attnum), '') as comment
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'leadgen'::regnamespace and c.relkind in ('r', 'p')
order by c.relname, a.attnum
"""
TABLES = """
select c.relname as name, coalesce(obj_description(c.oid, 'pg_class'), '') as comment
from pg_class c
where c.relnamespace = 'leadgen'::regnamespace and c.relkind in ('r', 'p')
order by 1
"""
KEYS = """
select c.relname as "table", n.conname as name, n.contype::text as kind,
  array(
    select a.attname::text
    from unnest(n.conkey) with ordinality k (number, place)
    join pg_attribute a on a.attrelid = n.conrelid and a.attnum = k.number
    order by k.place
  ) as columns,
  coalesce(f.relname, '') as target,
  case n.confdeltype when 'c' then 'cascade' when 'n' then 'set null' else 'restrict' end as on_delete
from pg_constraint n
join pg_class c on c.oid = n.conrelid and c.relnamespace = 'leadgen'::regnamespace
left join pg_class f on f.oid = n.confrelid
where n.contype in ('p', 'u', 'f', 'c')
order by c.relname, n.conname
"""
WORDS = """
select c.relname as "table", w.name, w.words
from pg_class c
cross join lateral catalog.list_words(c.oid) w
where c.relnamespace = 'leadgen'::regnamespace and c.relkind = 'r'
union all
select c.relname, a.attname,
  array(select e.enumlabel::text from pg_enum e where e.enumtypid = a.atttypid order by e.enumsortorder)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid and t.typtype = 'e'
where c.relnamespace = 'leadgen'::regnamespace and c.relkind = 'r'
"""
UNIQUE = """
select c.relname as "table", x.relname as name,
  regexp_replace(pg_get_indexdef(i.indexrelid, 0, true), '^.* USING btree ', '') as definition
from pg_index i
join pg_class c on c.oid = i.indrelid and c.relnamespace = 'leadgen'::regnamespace
join pg_class x on x.oid = i.indexrelid
where i.indisunique and not exists (select from pg_constraint n where n.conindid = i.indexrelid)
order by 1, 2
"""
FUNCTIONS = """
select n.nspname || '.' || p.proname as name, pg_get_function_arguments(p.oid) as arguments,
  coalesce(pg_get_function_result(p.oid), '') as result, coalesce(obj_description(p.oid, 'pg_proc'), '') as comment,
  p.prosrc as body,
  array(select role from unnest(array['api', 'worker', 'dba', 'reporting', 'buyer', 'source']) role
    where has_function_privilege('leadgen_' || role, p.oid, 'execute')) as roles
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang and l.lanname <> 'plpython3u'
where n.nspowner = 'leadgen_owner'::regrole and p.prokind <> 'a'
order by 1, 2
"""
TRIGGERS = """
select c.relname as "table", t.tgname as name, pg_get_triggerdef(t.oid, true) as definition,
  p.pronamespace::regnamespace || '.' || p.proname as function,
  array(select a.attname::text from pg_attribute a where a.attrelid = t.tgrelid and a.attnum = any (t.tgattr)
    order by a.attnum) as columns
from pg_trigger t
join pg_class c on c.oid = t.tgrelid and c.relnamespace = 'leadgen'::regnamespace
join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal
order by 1, 2
"""
MEASURES = (
    "select m.name, m.bases, m.unit, m.definition, m.source from leadgen.measures m order by m.position"
)
MOVES = "select t.entity, t.from_state, t.to_state from leadgen.state_transitions t order by 1, 2, 3"

WORK = re.compile(r"The work of (leadgen\.\w+)\.")
VIEWS = """
select c.oid::regclass::text as name, coalesce(obj_description(c.oid, 'pg_class'), '') as comment
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspowner = 'leadgen_owner'::regrole
where c.relkind = 'v'
order by 1
"""
ROLES = """
select r.rolname as name, r.rolcanlogin as logs_in, r.rolinherit as inherits,
  array(
    select m.roleid::regrole::text
    from pg_auth_members m
    where m.member = r.oid and m.roleid::regrole::text ~ '^leadgen_'
    order by 1
  ) as becomes
from pg_roles r
where r.rolname ~ '^leadgen_(owner|migrator|api|worker|dba|reporting|buyer|source|reader)$'
order by 1
"""
GRANTS = """
with ours as (
  select n.oid, n.nspname, n.nspowner, n.nspacl from pg_namespace n where n.nspowner = 'leadgen_owner'::regrole
), given as (
  select 'schema' as kind, o.nspname::text as object, null::text as "column", o.nspowner as owner, o.nspacl as acl
  from ours o
  union all
  select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, null, c.relowner, c.relacl
  from pg_class c
  join ours o on o.oid = c.relnamespace
  union all
  select 'table', c.oid::regclass::text, a.attname::text, c.relowner, a.attacl
  from pg_class c
  join ours o on o.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
  union all
  select 'function', p.oid::regprocedure::text, null, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
  from pg_proc p
  join ours o on o.oid = p.pronamespace
  union all
  select 'default', format('new %s of %s', case d.defaclobjtype
    when 'f' then 'functions' when 'r' then 'tables' when 'S' then 'sequences' when 'T' then 'types' else 'schemas'
  end, d.defaclrole::regrole), null, d.defaclrole, d.defaclacl
  from pg_default_acl d
  where d.defaclrole::regrole::text ~ '^leadgen_'
)
select g.kind, g.object, coalesce(nullif(x.grantee, 0)::regrole::text, 'PUBLIC') as role,
  lower(x.privilege_type) || case when x.is_grantable then ' with grant option' else '' end as "right",
  array_remove(array_agg(g."column" order by g."column"), null) as columns
from given g
cross join lateral aclexplode(g.acl) x
where x.grantee <> g.owner
group by g.kind, g.object, x.grantee, x.privilege_type, x.is_grantable, g."column" is null
order by g.kind, g.object, 3, 4
"""
POLICIES = """
select c.oid::regclass::text as "table", c.relforcerowsecurity as is_forced, p.polname as name,
  array(select r::text from unnest(p.polroles::regrole[]) r order by 1) as roles,
  case p.polcmd when '*' then 'all' when 'r' then 'select' else p.polcmd::text end as command,
  pg_get_expr(p.polqual, p.polrelid, true) as condition
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspowner = 'leadgen_owner'::regrole
join pg_policy p on p.polrelid = c.oid
where c.relrowsecurity
order by 1, 3
"""


@dataclass(frozen=True)
class Column:
    """A column of a table of leadgen."""

    table: str
    name: str
    type: str
    may_be_null: bool
    default: str | None
    comment: str


@dataclass(frozen=True)
class Named:
    """A table or view with its comment."""

    name: str
    comment: str


@dataclass(frozen=True)
class Key:
    """A constraint: kind p, u, f or c; `target` and `on_delete` of a foreign key."""

    table: str
    name: str
    kind: str
    columns: list[str]
    target: str
    on_delete: str


@dataclass(frozen=True)
class Words:
    """The words that a column takes and no others: those of its check constraint, or of its type."""

    table: str
    name: str
    words: list[str]


@dataclass(frozen=True)
class Unique:
    """A unique index that is no constraint."""

    table: str
    name: str
    definition: str


@dataclass(frozen=True)
class Function:
    """A function of ours; `roles` may execute it (api, worker, dba, reporting, buyer, source)."""

    name: str
    arguments: str
    result: str
    comment: str
    body: str
    roles: list[str]

    @property
    def module(self) -> str:
        """The schema it stands in."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Trigger:
    """A trigger; `columns`: it fires when these are updated."""

    table: str
    name: str
    definition: str
    function: str
    columns: list[str]


@dataclass(frozen=True)
class Move:
    """An allowed move of a state machine."""

    entity: str
    from_state: str
    to_state: str


@dataclass(frozen=True)
class Measure:
    """What a number of a report means; `bases` are the times by which it is counted."""

    name: str
    bases: list[str]
    unit: str
    definition: str
    source: str


@dataclass(frozen=True)
class Role:
    """A role of ours, and those that it is a member of."""

    name: str
    logs_in: bool
    inherits: bool
    becomes: list[str]


@dataclass(frozen=True)
class Grant:
    """A right of a role on a schema, table, sequence or function; `columns`: on these alone, none: on all of it."""

    kind: str
    object: str
    role: str
    right: str
    columns: list[str]


@dataclass(frozen=True)
class Policy:
    """Which rows of a table roles see."""

    table: str
    is_forced: bool
    name: str
    roles: list[str]
    command: str
    condition: str


@dataclass(frozen=True)
class Catalogue:
    """All of it."""

    tables: dict[str, Named]
    columns: list[Column]
    keys: list[Key]
    words: list[Words]
    uniques: list[Unique]
    functions: list[Function]
    triggers: list[Trigger]
    moves: list[Move]
    measures: list[Measure]
    views: list[Named]
    roles: list[Role]
    grants: list[Grant]
    policies: list[Policy]

    def say(self, function: Function) -> str:
        """What a function is for; of one that does a façade's work, what the façade says."""
        told = WORK.fullmatch(function.comment)
        return next(
            (other.comment for other in self.functions if told and other.name == told[1]), function.comment
        )


def read_catalogue(session: psycopg.Connection) -> Catalogue:
    """Everything that the pages are made of."""

    def read(kind: type[Row], query: str) -> list[Row]:
        with session.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(query.encode()).fetchall()

    session.execute("set search_path = pg_catalog, pg_temp")
    return Catalogue(
        tables={table.name: table for table in read(Named, TABLES)},
        columns=read(Column, COLUMNS),
        keys=read(Key, KEYS),
        words=read(Words, WORDS),
        uniques=read(Unique, UNIQUE),
        functions=read(Function, FUNCTIONS),
        triggers=read(Trigger, TRIGGERS),
        moves=read(Move, MOVES),
        measures=read(Measure, MEASURES),
        views=read(Named, VIEWS),
        roles=read(Role, ROLES),
        grants=read(Grant, GRANTS),
        policies=read(Policy, POLICIES),
    )
