-- Accounts that held more KIBT since bonds were expired late: the largest such gain, and in which bond's case it was.
-- Gains of several bonds of a category overlap in time, so they are not added up; cases in which other transactions change are left out.
select category, account, count(*) as late_bonds, kp3r(max(gain_grace)) as most_grace,
    arg_max(bond_id, gain_grace) as by_bond_grace, kp3r(max(gain_strict)) as most_strict,
    arg_max(bond_id, gain_strict) as by_bond_strict
from res.late_holders
join res.late_expiries using (category, risk_category, bond_id)
where clean_grace and clean_strict
group by category, account
order by max(gain_grace) desc, category, account;
