"""Where data comes from: files, folders, archives."""
