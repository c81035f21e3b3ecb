-- Per country, every poster who shares the top place; a country without any known followers has no row.
select country, poster_name, max(follower_count) as follower_count
from post
where post.follower_count is not null
group by country, poster_name
qualify max(post.follower_count) = max(max(post.follower_count)) over (partition by country)
order by country, poster_name nulls first
