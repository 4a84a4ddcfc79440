"""Operations, what they seized, and what equipment contributed."""
