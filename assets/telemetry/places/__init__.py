"""Places: depots, border posts, regions and the like as geofences, and when vehicles were there."""
