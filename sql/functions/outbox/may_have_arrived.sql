create or replace function leadgen.may_have_arrived(p_delivery_id bigint, p_market_id bigint, p_attempt integer)
returns boolean
language plpgsql
stable
as $$
-- Each attempt's last word counts. One that nobody reported (its worker died) may have got through as well as one without
-- an answer.
begin
  return (
    select count(*) < p_attempt - 1 or coalesce(bool_or(said.outcome in ('unknown', 'sent')), false)
    from (
      select distinct on (t.attempt) t.outcome
      from leadgen.delivery_attempts t
      where t.delivery_id = p_delivery_id and t.market_id = p_market_id and t.attempt < p_attempt
      order by t.attempt, t.id desc
    ) said
  );
end;
$$;
comment on function leadgen.may_have_arrived(bigint, bigint, integer) is
  'Whether any attempt at a delivery before this one may have reached the receiver, though nobody knows: then it never ends dead, for a dead one is sold to somebody else.';
