-- Mailboxes: which addresses are one.

create or replace function ref.fold_mailbox(p_email text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- leadgen.idx_leads_mailbox is of this function: it calls none of ours, and raises for no text.
-- To read the compiled body, in psql: \sf ref.fold_mailbox
begin
  raise 'compiled by catalog.compile_mailboxes';
end;
$$;
comment on function ref.fold_mailbox(text) is
  'The mailbox that a normalised address belongs to, as an address: without a plus tag, and as leadgen.mail_providers '
  'says of its domain. "j.doe+roof@googlemail.com" is jdoe@gmail.com. What is no address stays as it is. Compiled '
  'from the rows.';
