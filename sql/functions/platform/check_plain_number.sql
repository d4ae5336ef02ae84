create or replace function leadgen.check_plain_number(p_value jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- JSON has numbers that no arithmetic wants: 1e-400 is no double precision, 1e130000 has as many digits. Judged as text first.
begin
  if jsonb_typeof(p_value) = 'number'
    and (length(p_value::text) > 30 or abs(p_value::numeric) >= 1e12 or scale(trim_scale(p_value::numeric)) > 9) then
    perform leadgen.refuse_value(p_path, left(p_value::text, 40), 'a number below 1,000,000,000,000 with at most 9 decimals');
  end if;
end;
$$;
comment on function leadgen.check_plain_number(jsonb, text) is
  'Raises LG423 for a number that is too large or too fine to be meant.';
