//! Which field of a JSON document lies at a place: serde says where it stopped, people need the name.

enum Frame {
    Object { key: String, expects_key: bool },
    Array { index: usize },
}

/// The path of the value at a line and column (both from 1, the column in bytes), as `filters[0].value`. A missing field
/// is named too, because the message says which one.
pub(super) fn field_at(body: &[u8], line: usize, column: usize, message: &str) -> Option<String> {
    if line == 0 {
        return None;
    }
    let mut path = path(walk(&body[..offset(body, line, column)]));
    if let Some(missing) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(missing);
    } else if let Some(quoted) = message.strip_prefix('`').and_then(|rest| rest.split('`').next()) {
        // What a type of our own refuses is noticed after its object has ended; its message begins with the value.
        refine(body, &mut path, quoted);
    }
    (!path.is_empty()).then_some(path)
}

/// Goes on from a path to the text below it that equals `quoted`.
fn refine(body: &[u8], path: &mut String, quoted: &str) {
    let Ok(whole) = serde_json::from_slice::<serde_json::Value>(body) else { return };
    let pointer = format!("/{}", path.replace('[', "/").replace(']', "").replace('.', "/"));
    let start = if path.is_empty() { Some(&whole) } else { whole.pointer(&pointer) };
    if let Some(below) = start.and_then(|value| find(value, quoted, DEPTH_MAX)) {
        path.push_str(if path.is_empty() { below.trim_start_matches('.') } else { &below });
    }
}

/// How deep a refused value is searched for.
const DEPTH_MAX: usize = 8;

fn find(value: &serde_json::Value, quoted: &str, depth: usize) -> Option<String> {
    match value {
        serde_json::Value::String(text) => (text.trim() == quoted.trim()).then(String::new),
        serde_json::Value::Object(fields) if depth > 0 => fields
            .iter()
            .find_map(|(name, value)| find(value, quoted, depth - 1).map(|below| format!(".{name}{below}"))),
        serde_json::Value::Array(items) if depth > 0 => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| find(value, quoted, depth - 1).map(|below| format!("[{index}]{below}"))),
        _ => None,
    }
}

fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let before: usize = body.split_inclusive(|byte| *byte == b'\n').take(line - 1).map(<[u8]>::len).sum();
    (before + column).min(body.len())
}

/// The objects and arrays that are open at the end of a well-formed beginning.
fn walk(beginning: &[u8]) -> Vec<Frame> {
    let mut open: Vec<Frame> = Vec::new();
    let mut at = 0;
    while let Some(byte) = beginning.get(at) {
        at += 1;
        match byte {
            b'{' => open.push(Frame::Object { key: String::new(), expects_key: true }),
            b'[' => open.push(Frame::Array { index: 0 }),
            b'}' | b']' => {
                open.pop();
            }
            b',' => match open.last_mut() {
                // The comma that ended a number is already read when the number is found wrong.
                Some(_) if at == beginning.len() => {}
                Some(Frame::Object { expects_key, .. }) => *expects_key = true,
                Some(Frame::Array { index }) => *index += 1,
                None => {}
            },
            b'"' => {
                let start = at;
                while let Some(letter) = beginning.get(at) {
                    at += 1;
                    match letter {
                        b'\\' => at += 1,
                        b'"' => break,
                        _ => {}
                    }
                }
                if let Some(Frame::Object { key, expects_key }) = open.last_mut()
                    && *expects_key
                {
                    let text = beginning.get(start..at.saturating_sub(1)).unwrap_or_default();
                    *key = String::from_utf8_lossy(text).into_owned();
                    *expects_key = false;
                }
            }
            _ => {}
        }
    }
    open
}

fn path(open: Vec<Frame>) -> String {
    let mut path = String::new();
    for frame in open {
        match frame {
            Frame::Object { key, .. } if key.is_empty() => {}
            Frame::Object { key, .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key);
            }
            Frame::Array { index } => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::extract::read_json;
    use kernel::time::Timestamp;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "name")]
        _name: String,
        #[serde(default, rename = "filters")]
        _filters: Vec<Filter>,
        #[serde(default, rename = "limit")]
        _limit: Option<u32>,
    }

    #[derive(Debug, Deserialize)]
    struct Filter {
        #[serde(rename = "value")]
        _value: u32,
        #[serde(default, rename = "at")]
        _at: Option<Timestamp>,
    }

    #[test]
    fn the_wrong_field_is_named() {
        for (body, status, field) in [
            (r#"{"name": 5}"#, 422, Some("name")),
            (r#"{"limit": 3}"#, 422, Some("name")),
            (r#"{"limit": -3, "name": "x"}"#, 422, Some("limit")),
            (r#"{"name": "x", "other": 1}"#, 422, Some("other")),
            (r#"{"name": "x", "filters": [{"value": 1}, {"value": "two"}]}"#, 422, Some("filters[1].value")),
            ("{\"name\": \"x\",\n \"filters\": [\n{\"value\": 1.5}]}", 422, Some("filters[0].value")),
            (r#"{"name": "x", "filters": [{"value": 1}, {}]}"#, 422, Some("filters[1].value")),
            (r#"{"name": "a,\"{", "filters": [{"value": 1, "at": "yesterday"}]}"#, 422, Some("filters[0].at")),
            (r#"{"name": "x""#, 400, None),
            ("", 400, None),
            ("[1,2", 422, Some("[0]")),
        ] {
            let problem = read_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!((problem.status(), problem.field.as_deref()), (status, field), "{body}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_json::<Outer>(&body);
        }
    }
}
