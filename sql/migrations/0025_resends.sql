-- Replay is to recompute a decision. A delivery is resent, a submission is resubmitted.
-- squawk-ignore-file renaming-table, renaming-column, renaming-object, ban-drop-function
alter view if exists report.replays rename column replay_id to resend_id;
alter view if exists report.replays rename column replayed to resent;
alter view if exists report.replays rename to resends;
alter view if exists report.deliveries rename column replay_id to resend_id;
drop function if exists outbox.list_replay_candidates(leadgen.replays, integer);
drop function if exists outbox.read_replay_filter(jsonb);
drop function if exists outbox.resend_delivery(bigint, leadgen.delivery_status[], bigint); -- a parameter has another name

alter table leadgen.replays rename to resends;
alter table leadgen.resends rename column replayed to resent;
alter table leadgen.resends rename constraint replays_pkey to resends_pkey;
alter table leadgen.resends rename constraint replays_request_key_unique to resends_request_key_unique;
alter table leadgen.resends rename constraint replays_status_valid to resends_status_valid;
alter table leadgen.resends rename constraint replays_per_minute_bounded to resends_per_minute_bounded;
alter table leadgen.resends rename constraint replays_finished_has_time to resends_finished_has_time;
alter table leadgen.resends rename constraint replays_statuses_valid to resends_statuses_valid;
alter sequence leadgen.replays_id_seq rename to resends_id_seq;
alter index leadgen.replays_one_running rename to resends_one_running;
alter index leadgen.idx_replays_due rename to idx_resends_due;
alter table leadgen.deliveries rename column replay_id to resend_id;
alter table leadgen.intake_quarantine rename column replayed_at to resubmitted_at;
