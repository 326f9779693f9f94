//! Which names are builtins, after the reference; and what is said about the others.

/// With the number of their arguments; in the order of the bytes.
#[rustfmt::skip]
const ALLOWED: &[(&str, usize)] = &[
    ("abs", 1),
    ("and", 2),
    ("array.concat", 2),
    ("array.reverse", 1),
    ("array.slice", 3),
    ("base64.decode", 1),
    ("base64.encode", 1),
    ("base64.is_valid", 1),
    ("base64url.decode", 1),
    ("base64url.encode", 1),
    ("base64url.encode_no_pad", 1),
    ("bits.and", 2),
    ("bits.lsh", 2),
    ("bits.negate", 1),
    ("bits.or", 2),
    ("bits.rsh", 2),
    ("bits.xor", 2),
    ("ceil", 1),
    ("concat", 2),
    ("contains", 2),
    ("count", 1),
    ("crypto.hmac.equal", 2),
    ("crypto.hmac.md5", 2),
    ("crypto.hmac.sha1", 2),
    ("crypto.hmac.sha256", 2),
    ("crypto.hmac.sha512", 2),
    ("crypto.md5", 1),
    ("crypto.sha1", 1),
    ("crypto.sha256", 1),
    ("crypto.x509.parse_and_verify_certificates", 1),
    ("crypto.x509.parse_certificates", 1),
    ("div", 2),
    ("endswith", 2),
    ("eq", 2),
    ("equal", 2),
    ("floor", 1),
    ("format_int", 2),
    ("glob.match", 3),
    ("glob.quote_meta", 1),
    ("gt", 2),
    ("gte", 2),
    ("hex.decode", 1),
    ("hex.encode", 1),
    ("indexof", 2),
    ("indexof_n", 2),
    ("internal.member_2", 2),
    ("internal.member_3", 3),
    ("intersection", 1),
    ("io.jwt.decode", 1),
    ("io.jwt.decode_verify", 2),
    ("io.jwt.encode_sign", 3),
    ("io.jwt.encode_sign_raw", 3),
    ("io.jwt.verify_es256", 2),
    ("io.jwt.verify_es384", 2),
    ("io.jwt.verify_es512", 2),
    ("io.jwt.verify_hs256", 2),
    ("io.jwt.verify_hs384", 2),
    ("io.jwt.verify_hs512", 2),
    ("io.jwt.verify_ps256", 2),
    ("io.jwt.verify_ps384", 2),
    ("io.jwt.verify_ps512", 2),
    ("io.jwt.verify_rs256", 2),
    ("io.jwt.verify_rs384", 2),
    ("io.jwt.verify_rs512", 2),
    ("is_array", 1),
    ("is_boolean", 1),
    ("is_null", 1),
    ("is_number", 1),
    ("is_object", 1),
    ("is_set", 1),
    ("is_string", 1),
    ("json.filter", 2),
    ("json.is_valid", 1),
    ("json.marshal", 1),
    ("json.patch", 2),
    ("json.remove", 2),
    ("json.unmarshal", 1),
    ("lower", 1),
    ("lt", 2),
    ("lte", 2),
    ("max", 1),
    ("min", 1),
    ("minus", 2),
    ("mul", 2),
    ("neq", 2),
    ("net.cidr_contains", 2),
    ("net.cidr_contains_matches", 2),
    ("net.cidr_intersects", 2),
    ("net.cidr_is_valid", 1),
    ("net.cidr_merge", 1),
    ("numbers.range", 2),
    ("numbers.range_step", 3),
    ("object.filter", 2),
    ("object.get", 3),
    ("object.keys", 1),
    ("object.remove", 2),
    ("object.subset", 2),
    ("object.union", 2),
    ("object.union_n", 1),
    ("or", 2),
    ("plus", 2),
    ("product", 1),
    ("rand.intn", 2),
    ("regex.find_all_string_submatch_n", 3),
    ("regex.find_n", 3),
    ("regex.globs_match", 2),
    ("regex.is_valid", 1),
    ("regex.match", 2),
    ("regex.replace", 3),
    ("regex.split", 2),
    ("regex.template_match", 4),
    ("rem", 2),
    ("replace", 3),
    ("round", 1),
    ("semver.compare", 2),
    ("semver.is_valid", 1),
    ("sort", 1),
    ("split", 2),
    ("sprintf", 2),
    ("startswith", 2),
    ("strings.any_prefix_match", 2),
    ("strings.any_suffix_match", 2),
    ("strings.count", 2),
    ("strings.replace_n", 2),
    ("strings.reverse", 1),
    ("substring", 3),
    ("sum", 1),
    ("time.add_date", 4),
    ("time.clock", 1),
    ("time.date", 1),
    ("time.diff", 2),
    ("time.format", 1),
    ("time.now_ns", 0),
    ("time.parse_duration_ns", 1),
    ("time.parse_ns", 2),
    ("time.parse_rfc3339_ns", 1),
    ("time.weekday", 1),
    ("to_number", 1),
    ("trim", 2),
    ("trim_left", 2),
    ("trim_prefix", 2),
    ("trim_right", 2),
    ("trim_space", 1),
    ("trim_suffix", 2),
    ("type_name", 1),
    ("union", 1),
    ("upper", 1),
    ("urlquery.decode", 1),
    ("urlquery.decode_object", 1),
    ("urlquery.encode", 1),
    ("urlquery.encode_object", 1),
    ("uuid.rfc4122", 1),
    ("yaml.is_valid", 1),
    ("yaml.marshal", 1),
    ("yaml.unmarshal", 1),
];

fn find(name: &str) -> Option<usize> {
    let index = ALLOWED.binary_search_by_key(&name, |(name, _)| *name).ok()?;
    Some(ALLOWED[index].1)
}

/// Of a builtin that scripts may call.
pub fn arity(name: &str) -> usize {
    find(name).unwrap_or(0)
}

/// Insertions, deletions, replacements and swaps of neighbours that make one of the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The builtin that was probably meant; what is too far off is no mistake in typing.
fn nearest(name: &str) -> Option<&'static str> {
    let most = if name.len() > 64 { 0 } else { (name.len() / 3).clamp(1, 3) };
    let distances = ALLOWED.iter().map(|(known, _)| (distance(name.as_bytes(), known.as_bytes()), *known));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// `None` for a builtin that scripts may call.
pub fn why_refused(name: &str) -> Option<String> {
    match name {
        "http.send" => Some("http.send is not available: a policy makes no requests".to_string()),
        "all" | "any" => Some(format!("{name} is deprecated in Rego v1; write \"every\" or \"some\"")),
        "assign" => Some("assign is written \":=\"".to_string()),
        "print" => Some("print may only stand as a statement of its own".to_string()),
        _ if find(name).is_some() => None,
        _ => {
            let meant = nearest(name).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
            Some(format!("there is no builtin or function {name} here{meant}"))
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_meant() {
        for (written, meant) in [("startswth", "startswith"), ("startsWith", "startswith"), ("net.cidr_contain", "net.cidr_contains"), ("cuont", "count")] {
            let message = format!("there is no builtin or function {written} here; did you mean \"{meant}\"?");
            assert_eq!(super::why_refused(written), Some(message));
        }
        for written in ["walk", "opa.runtime", &"x".repeat(5000)] {
            assert_eq!(super::why_refused(written), Some(format!("there is no builtin or function {written} here")));
        }
    }

    #[test]
    fn names_are_in_order() {
        assert!(super::ALLOWED.is_sorted_by_key(|(name, _)| *name));
    }
}
