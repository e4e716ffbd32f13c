#![no_implicit_prelude]
#![deny(warnings, missing_docs, unused)]
#![forbid(unsafe_code)]
//! Generated code of errors names nothing that a user could shadow or be without.

/// Shadows.
pub mod shadowed {
    #![allow(dead_code, missing_docs, non_camel_case_types, non_upper_case_globals)]
    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Box;
    pub struct Vec;
    pub struct str;
    pub enum Some {}
    pub enum None {}
    pub struct Ok;
    pub struct From;
    pub struct Duration;
    pub struct ErrorCode;
    pub const code: u8 = 1;
    pub static data: u8 = 1;
    pub const message: u8 = 1;
    pub const fields: u8 = 1;
    pub const own: u8 = 1;
    pub const field_0: u8 = 1;

    /// What can go wrong.
    #[derive(::mqtt_agent::ToolError)]
    pub enum BankError {
        /// None.
        #[tool_error("no account `{0}`", retry_after = "2s")]
        NotFound(u64),
        #[tool_error("closed until {until}", retry_after = wait)]
        Closed { until: u64, wait: ::core::time::Duration },
        #[tool_error(internal, from)]
        Db(::std::io::Error),
        #[tool_error(transparent)]
        Other(::std::string::String),
    }

    /// Fails.
    #[::mqtt_agent::tool]
    pub fn fails() -> ::core::result::Result<(), BankError> {
        ::core::result::Result::Err(::core::convert::From::from(::std::io::Error::last_os_error()))
    }
}

fn main() {
    let _ = ::mqtt_agent::tools![shadowed::fails];
}
