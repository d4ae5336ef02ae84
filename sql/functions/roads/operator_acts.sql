-- Road: an operator who is signed in does something on the pages. Each admits its user by a right, whom the audit and
-- the events then name, and does what the function of the same name does for a command.

create or replace function roads.name_user(p_user leadgen.users)
returns text
language plpgsql
immutable
as $$
begin
  return format('user %s', p_user.id);
end;
$$;
comment on function roads.name_user(leadgen.users) is 'A user in records that are kept when it is gone: user 5.';

create or replace function roads.retry_delivery_for(p_token_hash text, p_delivery_id bigint, p_again boolean)
returns text
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'work');
  return outbox.retry_delivery(p_delivery_id, p_again);
end;
$$;
comment on function roads.retry_delivery_for(text, bigint, boolean) is 'The work of leadgen.retry_delivery_for.';

create or replace function roads.park_delivery_for(p_token_hash text, p_delivery_id bigint)
returns text
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'work');
  return outbox.park_delivery(p_delivery_id);
end;
$$;
comment on function roads.park_delivery_for(text, bigint) is 'The work of leadgen.park_delivery_for.';

create or replace function roads.enable_endpoint_for(p_token_hash text, p_endpoint_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'work', p_reason);
  return outbox.enable_endpoint(p_endpoint_id);
end;
$$;
comment on function roads.enable_endpoint_for(text, bigint, text) is 'The work of leadgen.enable_endpoint_for.';

create or replace function roads.disable_endpoint_for(p_token_hash text, p_endpoint_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'work', p_reason);
  return outbox.disable_endpoint(p_endpoint_id, p_reason);
end;
$$;
comment on function roads.disable_endpoint_for(text, bigint, text) is 'The work of leadgen.disable_endpoint_for.';

create or replace function roads.send_test_for(p_token_hash text, p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'work');
  return outbox.send_test(p_endpoint_id);
end;
$$;
comment on function roads.send_test_for(text, bigint) is 'The work of leadgen.send_test_for.';

create or replace function roads.decide_return_for(
  p_token_hash text,
  p_return_id bigint,
  p_approve boolean,
  p_note text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'decide');
begin
  return roads.decide_return(p_return_id, p_approve, p_note, roads.name_user(v_user));
end;
$$;
comment on function roads.decide_return_for(text, bigint, boolean, text) is 'The work of leadgen.decide_return_for.';

create or replace function roads.return_sale_for(
  p_token_hash text,
  p_assignment_id bigint,
  p_reason_code text,
  p_note text
)
returns text
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'decide');
begin
  return roads.return_sale(p_assignment_id, p_reason_code, p_note, p_by => roads.name_user(v_user));
end;
$$;
comment on function roads.return_sale_for(text, bigint, text, text) is 'The work of leadgen.return_sale_for.';

create or replace function roads.resubmit_for(p_token_hash text, p_quarantine_id bigint, p_opened jsonb)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'work');
  return roads.resubmit_quarantined(p_quarantine_id, p_opened);
end;
$$;
comment on function roads.resubmit_for(text, bigint, jsonb) is 'The work of leadgen.resubmit_quarantined_for.';

create or replace function roads.open_submission_for(p_token_hash text, p_quarantine_id bigint, p_reason text)
returns text
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'work', p_reason);
  return encode(privacy.open_quarantined(p_quarantine_id, p_reason), 'hex');
end;
$$;
comment on function roads.open_submission_for(text, bigint, text) is 'The work of leadgen.open_submission_for.';

create or replace function roads.credit_sale_for(
  p_token_hash text,
  p_assignment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
as $$
-- The key is the form's: sent twice it is one credit.
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'decide', p_reason);
  v_id constant bigint := roads.refund_sale(p_assignment_id, p_amount, p_key, p_reason);
begin
  if v_id is null then
    perform kernel.refuse('LG409', format('Sale %s was not booked', p_assignment_id), 'sale', p_assignment_id::text,
      'a sale whose buyer pays for it');
  end if;
  perform roads.note_money(roads.name_user(v_user), 'refund', v_id::text, (
    select a.buyer_id from leadgen.lead_assignments a where a.id = p_assignment_id));
  return v_id;
end;
$$;
comment on function roads.credit_sale_for(text, bigint, numeric, text, text) is 'The work of leadgen.credit_sale_for.';

create or replace function roads.open_lead_for(p_token_hash text, p_lead_id bigint, p_reason text)
returns jsonb
language plpgsql
volatile
as $$
-- Every look is an event of its own, of a clear lead as of a sealed one.
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'open', p_reason);
  v_lead leadgen.leads;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  elsif v_lead.erased_at is not null then
    perform kernel.refuse('LG409', format('Lead %s was erased', p_lead_id), 'lead_id', 'an erased lead',
      'a lead that was not erased');
  end if;
  perform catalog.note_action('leads_opened', format('lead %s by %s', p_lead_id, roads.name_user(v_user)), null,
    format('%s read the contact of lead %s: %s', roads.name_user(v_user), p_lead_id, ref.collapse_space(p_reason)),
    jsonb_build_object('lead_id', p_lead_id, 'user_id', v_user.id, 'purpose', 'console',
      'reason', ref.collapse_space(p_reason)));
  if v_lead.sealed is not null then
    return jsonb_build_object('sealed', encode(v_lead.sealed, 'hex'), 'phone', v_lead.phone, 'email', v_lead.email);
  end if;
  return jsonb_build_object('name', v_lead.name, 'email', v_lead.email, 'phone', v_lead.phone,
    'phone_extension', v_lead.phone_extension, 'message', v_lead.message);
end;
$$;
comment on function roads.open_lead_for(text, bigint, text) is 'The work of leadgen.open_lead_for.';

create or replace function roads.erase_lead_for(p_token_hash text, p_lead_id bigint, p_reason text, p_opened jsonb)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'erase', p_reason);
  return roads.erase_lead(p_lead_id, p_reason, p_opened);
end;
$$;
comment on function roads.erase_lead_for(text, bigint, text, jsonb) is 'The work of leadgen.erase_lead_for.';
