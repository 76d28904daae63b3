-- A copy must never text real customers. Odoo itself stops scheduled actions, and
-- sms_twilio makes the token a dummy, which this addon takes for none.
UPDATE res_company
   SET job_confirmation_enabled = false;

-- What waits in the copy is the original's to send: switching the copy on later must
-- not send it again.
UPDATE fsm_confirmation
   SET state = 'canceled',
       indicator = CASE WHEN response IS NULL THEN 'canceled' ELSE indicator END,
       is_open = false,
       closed_reason = 'failed',
       failure_reason = 'Not sent: this is a neutralized copy of a database.'
 WHERE state = 'outgoing';

UPDATE fsm_confirmation
   SET state = 'failed',
       indicator = CASE WHEN response IS NULL THEN 'failed' ELSE indicator END,
       failure_type = 'unknown',
       is_open = false,
       closed_reason = 'failed',
       failure_reason = 'This is a neutralized copy: the original knows what became of this text.'
 WHERE state = 'sending';

-- Nor does a link that the original has sent answer anything here.
UPDATE mail_mail
   SET state = 'cancel'
 WHERE id IN (SELECT mail_id FROM fsm_confirmation WHERE mail_id IS NOT NULL);

UPDATE fsm_confirmation
   SET answer_key = NULL
 WHERE answer_key IS NOT NULL;

UPDATE fsm_confirmation_reply
   SET auto_reply_state = 'failed'
 WHERE auto_reply_state IN ('outgoing', 'sending');

-- Replies go to the original.
UPDATE fsm_confirmation_connection
   SET connected_date = NULL, connected_to = NULL, test_date = NULL;
