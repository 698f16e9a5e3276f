//! Taking addresses and keys out of a text that cannot be read as what it should be.
//!
//! **Invariant:** what is kept for its sender to look at holds neither a write key nor a whole IP address, also where the
//! text is broken: the values are found by their names alone.

/// Names whose value is taken out; of an `ip`, the network stays.
const NAMES: [&str; 4] = ["ip", "writeKey", "write_key", "ipAddress"];

/// The text with the values of these names masked, whether quoted, escaped in another text, or bare.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let (mut done, mut at) = (0, 0);
    while let Some(found) = text[at..].find('"') {
        at += found + 1;
        let Some((name, value)) = named_value(text, at) else { continue };
        masked.push_str(&text[done..value.start]);
        let old = &text[value.clone()];
        let bare = !text[..value.start].ends_with('"');
        let new = if name.starts_with("ip") { network_of(old.trim()) } else { String::new() };
        masked.push_str(&if bare { format!("\"{new}\"") } else { new });
        done = value.end;
        at = value.end;
    }
    masked.push_str(&text[done..]);
    masked
}

/// When one of the names begins at `at`: it, and where its value is (without quotes).
fn named_value(text: &str, at: usize) -> Option<(&'static str, std::ops::Range<usize>)> {
    let rest = &text[at..];
    let is_it = |name: &&&str| {
        let head = rest.get(..name.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(name))
            && rest[name.len()..].trim_start_matches('\\').starts_with('"')
    };
    let name = NAMES.iter().find(is_it)?;
    let after = rest[name.len()..].trim_start_matches('\\').strip_prefix('"')?;
    let value = after.trim_start().strip_prefix(':')?.trim_start();
    let quoted = value.trim_start_matches('\\').strip_prefix('"');
    let (value, length) = match quoted {
        // An escaped quote ends an escaped text, so the first quote ends both.
        Some(inner) => (inner, inner.find('"').map_or(inner.len(), |end| inner[..end].trim_end_matches('\\').len())),
        None => {
            let ends: &[char] = match value.chars().next() {
                Some('[') => &[']'],
                Some('{') => &['}'],
                _ => &[',', '}', ']', '\n'],
            };
            (value, value.find(ends).unwrap_or(value.len()))
        }
    };
    let start = text.len() - value.len();
    Some((name, start..start + length))
}

/// The network of an address: the last 8 bits of IPv4 and the last 80 of IPv6 are zero.
pub(super) fn network_of(address: &str) -> String {
    match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0")
        }
        Ok(std::net::IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_string()
        }
        Err(_) => String::new(),
    }
}
