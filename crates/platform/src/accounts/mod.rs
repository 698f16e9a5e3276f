//! Users, sessions, workspaces, members and keys.
