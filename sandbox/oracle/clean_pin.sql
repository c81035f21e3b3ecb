-- parts.md part 4, "pin". A row with a missing column or unreadable followers belongs to quarantine, not here.
select
    "index" as ind,
    unique_id,
    unless_placeholder(title, ['No Title Data Available']) as title,
    unless_placeholder(description, [
        'No description available Story format', 'No description available', 'Untitled', 'Art.'
    ]) as description,
    followers(follower_count) as follower_count,
    unless_placeholder(poster_name, ['User Info Error']) as poster_name,
    unless_placeholder(tag_list, ['N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e']) as tag_list,
    is_image_or_video,
    unless_placeholder(image_src, ['Image src error.']) as image_src,
    regexp_replace(stripped(save_location), '^Local save in\s*', '') as save_location,
    category
from pinterest_data
where columns(*) is not null and followers_readable(pinterest_data.follower_count)
order by ind
