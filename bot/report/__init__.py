"""The stream's story: what the history tells of one stream, as numbers, as one offline page, and as files."""
