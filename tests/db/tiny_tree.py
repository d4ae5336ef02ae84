"""A small SQL tree: two tables, three functions, a view, a trigger and a policy, to try the machinery on."""

from pathlib import Path

from leadgen.db.tree import SqlTree

ROLES = """
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'leadgen_owner nologin', 'leadgen_migrator login in role leadgen_owner', 'leadgen_api login'
  ] loop
    begin
      if to_regrole(split_part(v_role, ' ', 1)) is null then
        execute 'create role ' || v_role;
      end if;
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end;
$$;
"""

SETTINGS = """
create table leadgen.settings (
  id boolean primary key default true,
  default_source_key text,
  default_duplicate_window_hours numeric not null default 24,
  default_invoice_threshold numeric(10,2) not null default 500,
  allows_local_webhooks boolean not null default false
);
insert into leadgen.settings default values;
"""

ITEMS = """
create table leadgen.items (id bigint generated always as identity primary key, name text not null);
"""

FILES = {
    "load_order": "functions\nviews\npolicies/items.sql # not roles.sql\n",
    "tables/load_order": "settings.sql\nitems.sql\n",
    "tables/settings.sql": SETTINGS,
    "tables/items.sql": ITEMS,
    "migrations/0001_settings.sql": SETTINGS,
    "migrations/0002_items.sql": ITEMS,
    "policies/roles.sql": ROLES,
    "functions/count_items.sql": (
        "create or replace function leadgen.count_items() returns bigint language sql stable\n"
        "as $$ select count(*) from leadgen.items $$;\n"
    ),
    "functions/guard/refuse_empty.sql": (
        "create or replace function leadgen.refuse_empty() returns trigger language plpgsql\n"
        "as $$ begin if new.name = '' then raise 'empty'; end if; return new; end $$;\n"
    ),
    "functions/guard/stale.sql": (
        'create or replace function leadgen."Stale One"(a integer) returns integer\n'
        "language sql as $$ select a $$;\n"
    ),
    "views/stale_view.sql": 'create or replace view report.stale_view as select leadgen."Stale One"(1);\n',
    "views/names.sql": "create or replace view report.names as select name from leadgen.items;\n",
    "policies/items.sql": (
        "create or replace trigger refuse_empty before insert on leadgen.items\n"
        "  for each row execute function leadgen.refuse_empty();\n"
        "alter table leadgen.items enable row level security;\n"
        "drop policy if exists items_all on leadgen.items;\n"
        "create policy items_all on leadgen.items using (true);\n"
        "grant select on leadgen.items to leadgen_api;\n"
        "grant usage on schema leadgen to leadgen_api;\n"
    ),
}


def write_tree(root: Path) -> SqlTree:
    """Write the files below `root`."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SqlTree(root)
