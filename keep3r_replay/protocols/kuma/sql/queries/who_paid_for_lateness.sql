-- Who bought bonds late, and what each burned too much for them, in KIBT; of it what came back as a larger clone.
select buyer, count(*) as late_bonds, sum(excess_grace) as excess_grace, sum(excess_strict) as excess_strict,
    sum(excess_grace) filter (clone_actual and clone_grace) as of_it_in_clones_grace,
    sum(excess_strict) filter (clone_actual and clone_strict) as of_it_in_clones_strict,
    bool_and(clean_grace) as is_exact_grace, bool_and(clean_strict) as is_exact_strict
from late_expiries
where status in ('late, bought', 'never expired, bought late')
group by buyer
order by excess_grace desc nulls last, buyer;
