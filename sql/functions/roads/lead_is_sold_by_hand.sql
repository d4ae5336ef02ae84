-- Road: somebody sells a lead by hand, to a buyer of their choice; or has it routed once more.

create or replace function roads.sell_lead(
  p_lead_id bigint,
  p_buyer_id bigint,
  p_reason text,
  p_opened jsonb,
  p_by text default session_user
)
returns jsonb
language plpgsql
volatile
as $$
-- One more routing attempt, at which all other buyers lose to the choice: its limits, money, record, replay and
-- deliveries are those of any sale. Called again it tells of the sale that stands.
declare
  v_reason constant text := roads.read_choice_reason(p_reason);
  v_lead leadgen.leads := roads.lock_lead(p_lead_id);
  v_now constant timestamptz := leadgen.clock();
  v_route catalog.route;
  v_sale leadgen.lead_assignments;
begin
  if not exists (select from leadgen.buyers b where b.id = p_buyer_id) then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', coalesce(p_buyer_id::text, 'nothing'),
      'the id of a buyer');
  end if;
  v_sale := market.find_standing_sale(v_lead, p_buyer_id);
  if v_sale.id is not null then
    return roads.describe_hand_sale(v_sale, p_is_new => false);
  end if;
  v_route := roads.find_open_route(v_lead);
  perform market.check_sellable(v_lead, (v_route.routing_settings).max_buyers);
  perform roads.check_may_contact(v_lead, p_buyer_id, p_opened, v_now);
  v_lead := market.reopen_lead(v_lead, v_now);
  perform roads.route_lead_again(
    v_lead, v_route, v_now, p_waits => true, p_choice => (p_buyer_id, p_by, v_reason)::kernel.choice);
  perform outbox.ring_workers();
  v_sale := market.find_standing_sale(v_lead, p_buyer_id);
  perform catalog.note_action('lead_sold_by_hand', format('lead %s', p_lead_id), p_buyer_id,
    format('%s sold lead %s to buyer %s by hand: %s', p_by, p_lead_id, p_buyer_id, v_reason),
    jsonb_build_object('lead_id', p_lead_id, 'assignment_id', v_sale.id, 'reason', v_reason, 'chosen_by', p_by));
  return roads.describe_hand_sale(v_sale, p_is_new => true);
end;
$$;
comment on function roads.sell_lead(bigint, bigint, text, jsonb, text) is 'The work of leadgen.sell_lead.';

create or replace function roads.route_again(p_lead_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- A lead that is not held any more is held anew, and a worker routes it: nothing else is decided here.
declare
  v_lead leadgen.leads := roads.lock_lead(p_lead_id);
  v_now constant timestamptz := leadgen.clock();
  v_route catalog.route;
begin
  if v_lead.hold_until is not null then
    if not market.wake_lead(p_lead_id, v_now) then
      return false;
    end if;
  else
    v_route := roads.find_open_route(v_lead);
    perform market.check_sellable(v_lead, (v_route.routing_settings).max_buyers);
    perform market.hold_anew(market.reopen_lead(v_lead, v_now), (v_route.routing_settings).hold_hours, v_now);
  end if;
  perform outbox.ring_workers();
  return true;
end;
$$;
comment on function roads.route_again(bigint) is 'The work of leadgen.route_again.';

create or replace function roads.route_again_for(p_token_hash text, p_lead_id bigint)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'work');
  return roads.route_again(p_lead_id);
end;
$$;
comment on function roads.route_again_for(text, bigint) is 'The work of leadgen.route_again_for.';

create or replace function roads.lock_lead(p_lead_id bigint)
returns leadgen.leads
language plpgsql
volatile
as $$
-- The offer before the row, as everywhere.
declare
  v_lead leadgen.leads;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  end if;
  perform market.lock_offers(array[v_lead.offer_id]);
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id for no key update;
  return v_lead;
end;
$$;
comment on function roads.lock_lead(bigint) is
  'A lead, its offer''s turn taken and its row locked until the transaction ends; LG404 when there is none.';

create or replace function roads.find_open_route(p_lead leadgen.leads)
returns catalog.route
language plpgsql
stable
as $$
-- By today's policies, also when its source was switched off meanwhile.
declare
  v_route constant catalog.route := catalog.load_route(p_lead.source_id, p_lead.offer_id);
begin
  if v_route.failed_step <> 'source' then
    perform kernel.refuse('LG409', format('The offer of lead %s takes no leads', p_lead.id), 'lead_id',
      format('its %s is switched off', v_route.failed_step), 'an active offer in an active market');
  end if;
  return v_route;
end;
$$;
comment on function roads.find_open_route(leadgen.leads) is
  'The route by which a stored lead is routed again; LG409 while its offer or market is switched off.';

create or replace function roads.sell_lead_for(
  p_token_hash text,
  p_lead_id bigint,
  p_buyer_id bigint,
  p_reason text,
  p_opened jsonb
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.sell_lead(p_lead_id, p_buyer_id, p_reason, p_opened,
    roads.name_user(identity.admit_for(p_token_hash, 'work', p_reason)));
end;
$$;
comment on function roads.sell_lead_for(text, bigint, bigint, text, jsonb) is 'The work of leadgen.sell_lead_for.';

create or replace function roads.read_choice_reason(p_reason text)
returns text
language plpgsql
immutable
as $$
declare
  v_reason constant text := ref.collapse_space(p_reason);
begin
  if (length(v_reason) between 1 and 500) is not true then
    perform kernel.refuse('LG400', 'A reason is needed', 'reason',
      coalesce(kernel.count_of(length(v_reason), 'character'), 'nothing'), '1 to 500 characters, without names');
  end if;
  return v_reason;
end;
$$;
comment on function roads.read_choice_reason(text) is
  'Why somebody sells a lead by hand, with single blanks; LG400 when there is none, or it is long.';

create or replace function roads.check_may_contact(
  p_lead leadgen.leads,
  p_buyer_id bigint,
  p_opened jsonb,
  p_now timestamptz
)
returns void
language plpgsql
stable
as $$
-- The contact of a sealed lead is not known here: who sells it opens it, so that nobody is sold who asked not to be.
declare
  v_lead leadgen.leads := p_lead;
  v_found record;
begin
  if p_lead.sealed is not null then
    if jsonb_typeof(p_opened -> 'contact') is distinct from 'array' then
      perform kernel.refuse('LG409', format('Lead %s is sealed, and may be suppressed by now', p_lead.id), 'lead_id',
        'a sealed lead', 'a lead that is clear, or opened', 'Sell it where PII_KEYS is set.');
    end if;
    v_lead := privacy.lay_contact(p_lead, p_opened -> 'contact');
  end if;
  v_found := intake.find_suppressions(v_lead.phone, v_lead.email, v_lead.vertical_id, p_now);
  if v_found.is_suppressed then
    perform kernel.refuse('LG409', format('The person of lead %s may not be sold any more', p_lead.id), 'lead_id',
      'a contact on a suppression list', 'a contact that is on none');
  elsif p_buyer_id = any (v_found.suppressing_buyers) then
    perform kernel.refuse('LG409', format('Buyer %s cannot get this lead', p_buyer_id), 'buyer_id',
      'suppressed_for_buyer', 'a buyer none of whose suppression lists has the contact');
  end if;
end;
$$;
comment on function roads.check_may_contact(leadgen.leads, bigint, jsonb, timestamptz) is
  'LG409 when a suppression list has the contact of a lead, or one of the buyer''s has; or when the lead is sealed and '
  'was not opened: {"contact": [name, e-mail, phone, extension, message]}.';

create or replace function roads.describe_hand_sale(p_sale leadgen.lead_assignments, p_is_new boolean)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object('assignment_id', p_sale.id, 'buyer_id', p_sale.buyer_id,
    'buyer', (select b.name from leadgen.buyers b where b.id = p_sale.buyer_id),
    'price', p_sale.price, 'currency', p_sale.currency, 'is_new', p_is_new);
end;
$$;
comment on function roads.describe_hand_sale(leadgen.lead_assignments, boolean) is
  'What whoever sold a lead by hand is told: sale, buyer, price, and whether this call made it.';
