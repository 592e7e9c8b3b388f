-- Works of the job's own amount above the limit of the largest plausible gas.
select block_number, log_index, payment, limit_at_bound from res.works
where class = 'work_own' and payment > limit_at_bound and in_range(block_number);
