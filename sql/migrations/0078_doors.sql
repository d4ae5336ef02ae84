-- A sealed text is opened with the digests of its row, by which it is seen to be that row's: functions that hand sealed
-- texts out return them, too.
-- squawk-ignore-file ban-drop-function
drop function if exists outbox.lease_deliveries(bigint[], text, interval, timestamptz);
drop function if exists outbox.claim_deliveries(text, jsonb, interval, bigint[]);
drop function if exists leadgen.claim_deliveries(text, jsonb, interval, bigint[]);
alter type outbox.claim add attribute contact_digests text[];
drop function if exists leadgen.open_leads(bigint[], text, text);
drop function if exists privacy.open_leads(bigint[], text, text);
drop function if exists leadgen.list_held_unchecked(integer);
drop function if exists privacy.list_held_unchecked(integer);
