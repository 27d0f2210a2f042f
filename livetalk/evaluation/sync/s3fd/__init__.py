"""S3FD: the face finder of the published SyncNet scripts, with the user's own weights."""
