use super::*;

#[tokio::test]
async fn a_switch_is_kept_whole_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.json");
    let catalog = FileCatalog::new(&path);
    assert_eq!(catalog.load().await.unwrap(), CatalogState::default());
    let run = |id| RunEntry { id, path: format!("dedup/{id}.run"), entries: 3, bytes: 100 };
    let first =
        Switch { add_runs: vec![run(1), run(2)], sealed: Some((9, 77)), next_id: 3, buckets: 8, ..Switch::default() };
    catalog.switch(&first).await.unwrap();
    let second = Switch {
        add_runs: vec![run(3)],
        remove_runs: vec![1, 2],
        rederived: Some(Rederived { id: 3, at: 80 }),
        next_id: 4,
        ..Switch::default()
    };
    catalog.switch(&second).await.unwrap();
    let state = FileCatalog::new(&path).load().await.unwrap();
    let gone = |id| GoneEntry { id, path: format!("dedup/{id}.run") };
    let expected = CatalogState {
        sealed_offset: 9,
        sealed_at: 77,
        next_id: 4,
        buckets: 8,
        files: vec![],
        runs: vec![run(3)],
        gone: vec![gone(1), gone(2)],
        rederived: vec![Rederived { id: 3, at: 80 }],
    };
    assert_eq!(state, expected);
    catalog.switch(&Switch { forget: vec![1], next_id: 5, ..Switch::default() }).await.unwrap();
    assert_eq!(catalog.load().await.unwrap().gone, [gone(2)], "what was removed is forgotten, the rest is not");
}

#[tokio::test]
async fn a_damaged_catalog_is_an_error_not_an_empty_lake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.json");
    std::fs::write(&path, b"{\"sealed_offset\":").unwrap();
    assert!(FileCatalog::new(&path).load().await.unwrap_err().to_string().contains("catalog.json"));
}
