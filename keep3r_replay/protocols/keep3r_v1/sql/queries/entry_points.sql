-- The range of gas that each job's functions were paid for: narrow where the work is always the same.
select transaction_to, selector, works, least_gas, median_gas, most_gas from res.entry_points
order by works desc, transaction_to, selector;
