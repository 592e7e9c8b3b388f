-- Works whose payment contradicts the formula.
-- not of what-ifs
select * from works where class = 'mismatch' and in_range(block_number);
