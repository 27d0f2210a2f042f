"""From conditions to frames: the block loop, a session's state, and the performer that joins the rooms below."""
