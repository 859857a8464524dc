-- Heads of sessions that ended stay: what is asked of the active ones must not read them. A renewal changes none of these columns,
-- nor the status, and stays a heap-only update. Appends wait while the table is read: some seconds for a million heads.
create index session_head_active on ledger.session_head (session_id) where status = 'active';
create index session_head_active_agent on ledger.session_head (agent_id, session_id) where status = 'active';
