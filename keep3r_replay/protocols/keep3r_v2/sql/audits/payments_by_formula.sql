-- Works whose payment contradicts the formula.
select * from works where class = 'mismatch';
