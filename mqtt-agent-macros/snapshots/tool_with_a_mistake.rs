/// Nothing.
pub fn nothing() {}
#[doc(hidden)]
pub const fn __tool_attribute_on_nothing_or_a_path_to_it() -> &'static ::mqtt_agent::__private::ToolDef {
    static __DEFINITION: ::mqtt_agent::__private::ToolDef = ::mqtt_agent::__private::ToolDef::BROKEN;
    &__DEFINITION
}
::core::compile_error! {
    "unknown option `readonly`; did you mean `read_only`?"
}
