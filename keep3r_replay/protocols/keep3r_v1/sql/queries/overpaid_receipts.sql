-- Receipts of more KP3R than the helper in force would have allowed for the largest plausible gas.
select block_number, log_index, job, keeper, payment, limit_at_bound, payment - limit_at_bound as above_limit
from works where class = 'receipt_own' and payment > limit_at_bound order by above_limit desc, block_number, log_index;
