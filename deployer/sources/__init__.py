"""Reading what is outside: stack files, .env files, build contexts and their hashes, the repository they lie in."""
