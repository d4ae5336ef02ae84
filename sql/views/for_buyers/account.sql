create or replace view for_buyers.account
with (security_invoker = true) as
select
  b.id as buyer_id,
  b.name,
  b.company,
  b.email,
  b.phone,
  b.is_active,
  b.currency,
  b.billing_mode,
  b.balance,
  b.receivable,
  b.credit_limit,
  b.low_balance_at
from leadgen.buyers b;
comment on view for_buyers.account is 'The buyer itself: its contact, what it has left and what it owes.';
