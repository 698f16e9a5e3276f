//! What every feature stands on: databases, jobs, HTTP, sign-in, workspaces, audit, configuration and telemetry.
