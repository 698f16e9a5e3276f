//! Group ids of a context, and the group calls that say which company they mean.

use super::*;
use crate::companies::CompanySort;

/// A product sends its group id with everything, the call that names the company comes somewhat later, and the CRM's file
/// came first: one company, not two.
#[tokio::test]
async fn a_group_id_without_its_call_makes_no_second_company() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let companies = Companies::new(&test.platform);
        let mut crm = CompanyInput::new(testkit::START, Source::Event { offset: 1 });
        (crm.name, crm.domain) = ("Acme".to_owned(), "acme.com".to_owned());
        let mut tx = test.db.begin().await.unwrap();
        let known = crate::companies::upsert_companies(&mut tx, &test.platform.world, &[crm]).await.unwrap();
        tx.commit().await.unwrap();
        let early = identity.resolve(&test.scope, &[of(2, &[("user", "u"), ("group", "g-7")])]).await.unwrap();
        assert_eq!(early[0].company, None);
        let mut group = of(3, &[("user", "u"), ("group", "g-7")]);
        group.group_traits = json!({"name": "Acme", "domain": "acme.com"}).as_object().cloned();
        let later = of(4, &[("user", "v"), ("group", "g-7")]);
        let got = identity.resolve(&test.scope, &[group, later]).await.unwrap();
        assert_eq!(got[0].company.as_ref(), known[0].id());
        assert_eq!(got[1].company.as_ref(), known[0].id(), "from then on the id alone says it");
        // A call without traits names a company too.
        let mut bare = of(5, &[("user", "w"), ("group", "g-8")]);
        bare.group_traits = Some(serde_json::Map::new());
        assert!(identity.resolve(&test.scope, &[bare]).await.unwrap()[0].company.is_some());
        let page = kernel::page::PageRequest::default();
        let all = companies.list(&test.scope, "", CompanySort::Name, &page).await.unwrap();
        assert_eq!(all.items.len(), 2);
        assert_eq!(all.items.iter().find(|one| one.name == "Acme").unwrap().people, 2);
    }
}
