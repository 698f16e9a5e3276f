use super::*;

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mainspring.toml");
    std::fs::write(&path, file).unwrap();
    Config::load(Some(&path), variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_defaults_hold_every_key_and_nothing_else() {
    let config = Config::default();
    assert_eq!(Config::load(None, []).unwrap(), config);
    let written = toml::Table::try_from(&config).unwrap();
    let defaults: toml::Table = DEFAULTS.parse().unwrap();
    assert_eq!(written, defaults);
}

#[test]
fn every_default_has_a_comment() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    for pair in lines.windows(2) {
        if pair[1].contains(" = ") && !pair[1].starts_with('#') {
            assert!(pair[0].starts_with('#'), "`{}` has no comment", pair[1]);
        }
    }
}

#[test]
fn the_file_goes_over_the_defaults_and_the_environment_over_both() {
    let config = load(
        "[server]\nlisten = \"0.0.0.0:80\"\n[jobs]\nworkers = 3\n",
        &[
            ("MAINSPRING_JOBS__WORKERS", "5"),
            ("MAINSPRING_DATA", "ignored"),
            ("HOME", "ignored"),
            ("MAINSPRING_PORT", "tcp://10.0.0.7:80"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen, "0.0.0.0:80");
    assert_eq!(config.jobs.workers, 5);
    assert_eq!(config.jobs.attempts_max, 5);
}

#[test]
fn an_unknown_key_fails_with_the_nearest_suggestion() {
    for (file, variables, expected) in [
        ("[server]\nlisen = \"x\"", &[][..], "there is no setting `server.lisen`; did you mean `server.listen`?"),
        ("[sever]\nlisten = \"x\"", &[], "there is no setting `sever.listen`; did you mean `server.listen`?"),
        ("zzz = 1", &[], "there is no setting `zzz`"),
        (
            "",
            &[("MAINSPRING_JOBS__WORKER", "2")],
            "MAINSPRING_JOBS__WORKER: there is no setting `jobs.worker`; did you",
        ),
        (
            "",
            &[("MAINSPRING_SERVER_LISTEN", "0.0.0.0:80")],
            "the environment: there is no setting `MAINSPRING_SERVER_LISTEN`; did you mean `MAINSPRING_SERVER__LISTEN`?",
        ),
        ("", &[("MAINSPRING_PORT", "80")], "there is no setting `MAINSPRING_PORT`"),
        ("[jobs]\nworkers = \"two\"", &[], "`jobs.workers` must be of type integer, not string"),
        ("", &[("MAINSPRING_JOBS__WORKERS", "two")], "must be of type integer, but is `two`"),
        ("[jobs]\nworkers = 0", &[], "`jobs.workers` is 0; it must be from 1 to 256"),
        ("[server]\nlisten = \"nowhere\"", &[], "`server.listen` must be an address"),
        ("[log]\nformat = \"xml\"", &[], "unknown variant `xml`"),
        ("[server", &[], "TOML parse error"),
    ] {
        let error = load(file, variables).unwrap_err().to_string();
        assert!(error.contains(expected), "{file} {variables:?}: {error}");
    }
}
