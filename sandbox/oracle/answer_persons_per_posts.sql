-- For each number of posts: how many persons have so many.
with busy as (select count(*) as posts from post group by user_name, age, date_joined)
select posts, count(*) as persons
from busy
group by posts
order by posts
