create or replace function leadgen.describe_unsold(p_reasons text[])
returns text
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(
      'no buyer could take it: ' || string_agg(format('%s %s', reason, n), ', ' order by n desc, reason),
      'no buyer is enrolled in the offer')
    from (select coalesce(r, 'taken_meanwhile') as reason, count(*) as n from unnest(p_reasons) r group by 1) counted
  );
end;
$$;
comment on function leadgen.describe_unsold(text[]) is 'Why nobody got a lead: the reasons with how many candidates each took out.';
