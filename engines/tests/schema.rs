use engines::Schema;

#[test]
fn the_failing_place_is_named() {
    let schema = Schema::compile(
        br#"{"type": "object", "required": ["n"], "properties": {"n": {"type": "array", "items": {"maximum": 5}}}}"#,
    )
    .unwrap();
    assert!(schema.validate(br#"{"n": [1, 5]}"#).is_ok());
    let failure = schema.validate(br#"{"n": [1, 6]}"#).unwrap_err();
    assert_eq!((failure.pointer.as_str(), failure.keyword.as_str()), ("/n/1", "maximum"));
    assert_eq!(schema.validate(b"{}").unwrap_err().keyword, "required");
    assert_eq!(schema.validate(b"{").unwrap_err().keyword, "");
}

#[test]
fn what_a_schema_may_not() {
    assert!(Schema::compile(b"{").is_err());
    assert!(Schema::compile(br#"{"type": 1}"#).is_err());
    for reference in ["https://example.com/s.json", "file:///etc/passwd"] {
        let text = format!(r#"{{"$ref": "{reference}"}}"#);
        let problem = Schema::compile(text.as_bytes()).unwrap_err();
        assert!(problem.message.contains("refer"), "{problem:?}");
    }
    assert!(Schema::compile(br##"{"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}"##).is_ok());
    // No look-around, which would need backtracking.
    assert!(Schema::compile(br#"{"pattern": "(?=a)b"}"#).is_err());
    assert!(Schema::compile(&vec![b' '; 256 * 1024 + 1]).is_err());
}
