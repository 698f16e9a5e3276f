//! Deals: pipelines, stages with their history, amounts, and the people who take part.
