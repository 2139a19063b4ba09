//! A place in a JSON document: the value there, and its path for a notice.

use serde_json::Value;

/// A value and where it stands.
pub(super) struct Node<'v> {
    /// `member_list[3].connection_list[0]`; empty at the top.
    pub(super) path: String,
    /// What stands there.
    pub(super) value: &'v Value,
}

impl<'v> Node<'v> {
    pub(super) fn root(value: &'v Value) -> Self {
        Self { path: String::new(), value }
    }

    /// The value of a key, unless it is missing or null.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        Some(Self { path, value })
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// The items of a list; none if it is no list.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(move |(at, value)| Self { path: format!("{}[{at}]", self.path), value })
    }

    /// The items of the list at a key; none if there is no list.
    pub(super) fn list(&self, key: &str) -> impl Iterator<Item = Self> + use<'v> {
        self.get(key).into_iter().flat_map(Self::items)
    }

    /// A whole number, which some exports put in quotes.
    pub(super) fn number(&self) -> Option<i64> {
        match self.value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The text at a key, on one line; some exports write it as a number.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.get(key)?.value {
            Value::String(text) => Some(text.trim().replace(char::is_control, " ")),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
