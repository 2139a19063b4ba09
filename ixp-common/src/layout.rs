//! A type's fields in; where they lie out, for who reads its bytes in another language.

/// The size of a type, the offsets of its fields in bytes, and the bits of its flags, by name.
macro_rules! layout {
    ($($field:ident)*; $flags:ident $($flag:ident)*) => {
        &[
            ("size", size_of::<Self>()),
            $((stringify!($field), core::mem::offset_of!(Self, $field)),)*
            $((concat!("flag_", stringify!($flag)), $flags::$flag as usize),)*
        ]
    };
    ($($field:ident)*) => { layout!($($field)*; none) };
}
