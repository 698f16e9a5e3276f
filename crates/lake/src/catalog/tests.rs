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
    let second = Switch { add_runs: vec![run(3)], remove_runs: vec![1, 2], next_id: 4, ..Switch::default() };
    catalog.switch(&second).await.unwrap();
    let state = FileCatalog::new(&path).load().await.unwrap();
    let expected =
        CatalogState { sealed_offset: 9, sealed_at: 77, next_id: 4, buckets: 8, files: vec![], runs: vec![run(3)] };
    assert_eq!(state, expected);
}

#[tokio::test]
async fn a_damaged_catalog_is_an_error_not_an_empty_lake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.json");
    std::fs::write(&path, b"{\"sealed_offset\":").unwrap();
    assert!(FileCatalog::new(&path).load().await.unwrap_err().to_string().contains("catalog.json"));
}
