//! Companies: found by domain or by the id another system gave them; members with role and dates.

mod model;

pub use model::{
    Company, CompanyDeal, CompanyFact, CompanyInput, CompanyKey, CompanySummary, Member, MembershipSource, Property,
};
