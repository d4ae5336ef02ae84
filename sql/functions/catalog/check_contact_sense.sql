create or replace function leadgen.check_contact_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_key text;
begin
  if p_rules ->> 'duplicate_match_mode' = 'all' and jsonb_array_length(p_rules -> 'duplicate_match') = 1 then
    perform leadgen.refuse_value('rules.duplicate_match_mode', 'all', 'any, or two fields in duplicate_match');
  end if;
  foreach v_key in array '{duplicate_match,duplicate_match_mode,duplicate_scope}'::text[] loop
    if p_rules ? v_key and (p_rules ->> 'duplicate_window_hours')::numeric = 0 then
      perform leadgen.refuse_value('rules.' || v_key, p_rules ->> v_key,
        'nothing: duplicate_window_hours is 0, which turns duplicates off');
    end if;
  end loop;
  if p_rules ? 'mx_unknown' and p_rules -> 'mx_lookup_enabled' is distinct from 'true' then
    perform leadgen.refuse_value('rules.mx_unknown', p_rules ->> 'mx_unknown', 'nothing, or mx_lookup_enabled true beside it');
  end if;
end;
$$;
comment on function leadgen.check_contact_sense(jsonb) is
  'Raises LG423 for settings of duplicates and mail lookups that say nothing because of another key.';
