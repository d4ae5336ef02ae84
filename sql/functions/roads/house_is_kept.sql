-- Road: somebody who runs the market looks after the house on the console's pages: the audit, settings, and whether all
-- is well.

create or replace function roads.show_audit_for(
  p_token_hash text,
  p_who text,
  p_table text,
  p_row text,
  p_since text,
  p_before bigint
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash)
    || console.list_audit(p_who, p_table, p_row, kernel.read_moment(nullif(p_since, ''), 'UTC', 'since'), p_before);
end;
$$;
comment on function roads.show_audit_for(text, text, text, text, text, bigint) is 'The work of leadgen.show_audit_for.';

create or replace function roads.show_audit_entry_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_audit_entry(p_id);
end;
$$;
comment on function roads.show_audit_entry_for(text, bigint) is 'The work of leadgen.show_audit_entry_for.';

create or replace function roads.verify_audit_part(p_after bigint)
returns jsonb
language plpgsql
stable
as $$
-- Entries are looked for that nobody chained, among those of this part; in the last part also after it.
declare
  c_most constant integer := 5000;
  v_head constant record := auditing.find_head();
  v_last_position constant bigint := coalesce(v_head.last_position, 0);
  v_after constant bigint := least(greatest(coalesce(p_after, v_last_position - c_most), 0), v_last_position);
  v_last constant bigint := least(v_after + c_most, v_last_position);
  v_first_entry bigint;
  v_last_entry bigint;
begin
  select min(c.entry_id), max(c.entry_id) into v_first_entry, v_last_entry
  from leadgen.audit_chain c where c.position > v_after and c.position <= v_last;
  return jsonb_build_object(
    'from', v_after + 1, 'to', v_last, 'last_position', v_last_position, 'digest', v_head.digest,
    'waiting', v_head.waiting, 'next', case when v_last < v_last_position then v_last end,
    'faults', (
      select coalesce(jsonb_agg(jsonb_build_object('rule', f.rule, 'detail', f.detail)), '[]')
      from (
        select * from auditing.verify_chain(v_after, v_last)
        union all
        select * from auditing.verify_entries(coalesce(v_first_entry, 1) - 1,
          case when v_last = v_last_position then v_head.last_entry else v_last_entry end)
        union all
        select * from auditing.verify_ends()
        limit 100
      ) f));
end;
$$;
comment on function roads.verify_audit_part(bigint) is
  'Whether 5,000 positions of the audit''s chain after one (null: the latest) are what was chained, whether an entry '
  'among them was added, and what is wrong with the ends: 100 faults at most. next: where the rest goes on.';

create or replace function roads.verify_audit_for(p_token_hash text, p_after bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || roads.verify_audit_part(p_after);
end;
$$;
comment on function roads.verify_audit_for(text, bigint) is 'The work of leadgen.verify_audit_for.';

create or replace function roads.show_settings_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_settings();
end;
$$;
comment on function roads.show_settings_for(text) is 'The work of leadgen.show_settings_for.';

create or replace function roads.check_is_setting(p_form text)
returns void
language plpgsql
immutable
as $$
begin
  if (catalog.find_form(p_form)).needs <> 'manage' then
    perform kernel.refuse('LG400', 'This is no setting', 'form', p_form,
      'settings, billing_settings, rate_limit, retention_rule, chore');
  end if;
end;
$$;
comment on function roads.check_is_setting(text) is
  'Raises LG400 for a form of the catalogue: its pages ask for more where an address is moved.';

create or replace function roads.show_setting_for(p_token_hash text, p_form text, p_key text[])
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'manage');
begin
  perform roads.check_is_setting(p_form);
  return jsonb_build_object('me', identity.describe_visitor(v_user), 'key', p_key, 'form',
    console.describe_form(p_form, p_key));
end;
$$;
comment on function roads.show_setting_for(text, text, text[]) is 'The work of leadgen.show_setting_for.';

create or replace function roads.save_setting_for(
  p_token_hash text,
  p_form text,
  p_key text[],
  p_fields jsonb,
  p_stamp text,
  p_reason text
)
returns boolean
language plpgsql
volatile
as $$
begin
  perform roads.admit_editor(p_token_hash, p_form, p_reason);
  perform roads.check_is_setting(p_form);
  return catalog.save_form_row(p_form, p_key, p_fields, p_stamp);
end;
$$;
comment on function roads.save_setting_for(text, text, text[], jsonb, text, text) is
  'The work of leadgen.save_setting_for.';

create or replace function roads.show_doctor_for(p_token_hash text, p_part text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'work');
begin
  if p_part not in ('market', 'server', 'books') then
    perform kernel.refuse('LG400', 'There is no such part', 'part', left(p_part, 30), 'market, server, books');
  end if;
  return jsonb_build_object('me', identity.describe_visitor(v_user), 'part', p_part, 'verdicts', (
    select jsonb_agg(jsonb_build_object('subject', v.subject, 'verdict', v.verdict, 'finding', v.finding,
      'remedy', v.remedy))
    from (
      select * from roads.diagnose_market() where p_part = 'market'
      union all
      select * from roads.diagnose_server() where p_part = 'server'
      union all
      select * from roads.diagnose_books() where p_part = 'books'
    ) v));
end;
$$;
comment on function roads.show_doctor_for(text, text) is 'The work of leadgen.show_doctor_for.';
