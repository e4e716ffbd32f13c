/// Nothing.
pub fn nothing() {}
#[doc(hidden)]
pub const fn __put_tool_above_nothing_or_write_its_full_path() -> &'static ::mqtt_agent::__private::ToolDef {
    static __DEFINITION: ::mqtt_agent::__private::ToolDef = ::mqtt_agent::__private::ToolDef::BROKEN;
    &__DEFINITION
}
::core::compile_error! {
    "unknown option `readonly`; did you mean `read_only`?"
}
