-- Works whose gas does not lie where their class says.
select block_number, log_index, class, gas, gas_used, bound from res.works
where in_range(block_number) and ((class = 'work_exact' and gas > gas_used) or (class = 'work_deep' and (gas <= gas_used or gas > bound))
    or (class = 'work_stale' and gas <= bound));
