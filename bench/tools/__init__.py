"""What several benches share: servers in processes of their own, and crowds of cheap viewers."""
