-- Payments that rest on one interval of Keep3rV2Oracle: how old it was, how long, and how many swaps stood at its ends.
select block_number, log_index, job, keeper, payment, interval_age, interval_length, interval_swaps
from works where interval_length is not null order by interval_age, block_number, log_index;
