-- Which payments took credits that the documented rule had expired before?
-- columns: utc, block_number, log_index, job, amount_kp3r, sources, reason, transaction_hash
select utc, block_number, log_index, job, amount_kp3r, sources, reason, transaction_hash
from expiry_findings where kind = 'spent_after_expiry' order by block_number, log_index;
