-- Every country that shares the top of all, once each, from 3a.
select distinct country, follower_count
from answer_3a
where follower_count = (select max(follower_count) from answer_3a)
order by country
