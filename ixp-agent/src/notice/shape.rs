//! Reads TOML into a raw type, and names every key and value that its JSON schema does not allow.

use std::mem;
use std::ops::Range;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::suggest::did_you_mean;
use super::{Notice, Source};

/// The JSON schema of a raw type, without references.
#[must_use]
pub fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The raw value that a text holds, less what is misshapen, and a notice for each such thing. There
/// is no value if the text is not TOML.
#[must_use]
pub fn read<T: JsonSchema + DeserializeOwned>(source: &Source<'_>) -> (Option<T>, Vec<Notice>) {
    let mut table = match DeTable::parse(source.text()) {
        Ok(table) => table,
        Err(error) => return (None, vec![from_toml(source, &error)]),
    };
    let mut pruning = Pruning { source, notices: Vec::new() };
    let span = table.span();
    pruning.table(table.get_mut(), span, schema::<T>().as_value());
    let mut notices = pruning.notices;
    match T::deserialize(Deserializer::from(table)) {
        Ok(raw) => (Some(raw), notices),
        Err(error) => {
            if notices.is_empty() {
                notices.push(from_toml(source, &error));
            }
            (None, notices)
        }
    }
}

fn from_toml(source: &Source<'_>, error: &toml::de::Error) -> Notice {
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    source.notice(&error.span().unwrap_or(0..0), message)
}

/// Takes out of a document what its schema does not allow, so that the rest can be read.
struct Pruning<'s> {
    source: &'s Source<'s>,
    notices: Vec<Notice>,
}

impl Pruning<'_> {
    fn say(&mut self, span: &Range<usize>, text: String) {
        self.notices.push(self.source.notice(span, text));
    }

    fn table(&mut self, table: &mut DeTable<'_>, span: Range<usize>, schema: &Value) {
        let none = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&none);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        for key in required(schema).filter(|key| !table.contains_key(*key)) {
            self.say(&span, format!("{key:?} is missing{}", example(key, &known[key])));
        }
        let unknown = |name: &str| others.is_none() && !known.contains_key(name);
        for key in table.keys().filter(|key| unknown(key.get_ref())) {
            let name: &str = key.get_ref();
            self.say(&key.span(), format!("unknown key {name:?}{}", known_keys(name, known)));
        }
        *table = mem::replace(table, DeTable::new())
            .into_iter()
            .filter_map(|(name, mut value)| {
                let schema = known.get::<str>(name.get_ref()).or(others)?;
                self.keeps(name.get_ref(), &mut value, schema).then_some((name, value))
            })
            .collect();
    }

    fn keeps(&mut self, key: &str, value: &mut Spanned<DeValue<'_>>, schema: &Value) -> bool {
        let span = value.span();
        let expected = schema["type"].as_str().unwrap_or("string");
        match (expected, value.get_mut()) {
            ("string", DeValue::String(text)) => return self.is_choice(key, text, &span, schema),
            ("boolean", DeValue::Boolean(_)) => return true,
            ("integer", DeValue::Integer(number)) => {
                if i64::from_str_radix(number.as_str(), number.radix()).is_ok() {
                    return true;
                }
                self.say(&span, format!("{key} = {} is too large", number.as_str()));
                return false;
            }
            ("object", DeValue::Table(table)) => {
                self.table(table, span, schema);
                return true;
            }
            ("array", DeValue::Array(array)) => {
                let items = mem::replace(array, DeArray::new());
                *array = items
                    .into_iter()
                    .filter_map(|mut item| self.keeps(key, &mut item, &schema["items"]).then_some(item))
                    .collect();
                return true;
            }
            _ => {}
        }
        let found = found(value.get_ref());
        let expected = noun(expected);
        self.say(&span, format!("{key:?} takes {expected}, not {found}{}", example(key, schema)));
        false
    }

    fn is_choice(&mut self, key: &str, text: &str, span: &Range<usize>, schema: &Value) -> bool {
        let choices = choices(schema);
        if choices.is_empty() || choices.contains(&text) {
            return true;
        }
        let near = did_you_mean(text, choices.iter().copied()).unwrap_or_default();
        let choices: Vec<String> = choices.iter().map(|choice| format!("{choice:?}")).collect();
        let choices = choices.join(", ");
        self.say(span, format!("{text:?} is no value of {key:?}, which takes one of {choices}{near}"));
        false
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The values that a text may have; none if it may have any.
fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten().map(|choice| &choice["const"]);
    listed.chain(described).filter_map(Value::as_str).collect()
}

fn known_keys(name: &str, known: &Map<String, Value>) -> String {
    did_you_mean(name, known.keys().map(String::as_str)).unwrap_or_else(|| {
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        format!("; known here: {}", known.join(", "))
    })
}

fn example(key: &str, schema: &Value) -> String {
    match &schema["examples"][0] {
        Value::Null if schema["items"]["type"] == "object" => {
            "; double the brackets around its name".to_owned()
        }
        Value::Null => String::new(),
        example => format!("; write it as {key} = {example}"),
    }
}

fn noun(json_type: &str) -> &'static str {
    match json_type {
        "string" => "a text in quotes",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "object" => "a table",
        _ => "a list",
    }
}

fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
