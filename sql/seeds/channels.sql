-- The ways to reach a buyer. A new one is a row here, a function that finds its address, one for what its messages say
-- beside the body if they do, a word of leadgen.delivery_channel, and a sender in api/leadgen/worker.
-- Trouble that is ours or the message's (setup, message, most of 4xx, a mail server that is away) counts against nobody.
insert into leadgen.channels as c (
  code, position, target_function, details_function, is_url, resends_lost, endpoint_faults, description
)
values
  ('webhook', 10, 'find_webhook_target', null, true, true,
    '{dns,connect,tls,timeout,lost,protocol,redirect,408,429,http_5xx,gone,egress}',
    'A signed POST to the buyer''s URL. Its receiver knows a repetition by the webhook-id.'),
  ('email', 20, 'find_mail_target', 'describe_for_mail', false, true,
    '{smtp_5xx}',
    'A mail, with links to accept or return the lead. A mail program knows a repetition by the Message-ID.'),
  ('sms', 30, 'find_text_target', 'describe_for_text', false, false,
    '{}',
    'A text message. Nothing would tell a repetition from another lead: what may have gone out is not sent again.')
on conflict (code) do update
set
  position = excluded.position, target_function = excluded.target_function, details_function = excluded.details_function,
  is_url = excluded.is_url, resends_lost = excluded.resends_lost, endpoint_faults = excluded.endpoint_faults,
  description = excluded.description
where c is distinct from excluded;
