//! Companies: found by domain or by the id another system gave them; members with role and dates.
