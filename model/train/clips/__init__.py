"""Training and judging the networks of the zoo on clips and pictures of faces."""
