/// Summarizes a text.
fn summarize(text: String) {}
#[doc(hidden)]
const fn __skill_attribute_on_summarize_or_a_path_to_it() -> &'static ::mqtt_agent::__private::SkillDef {
    static __DEFINITION: ::mqtt_agent::__private::SkillDef = ::mqtt_agent::__private::SkillDef::BROKEN;
    &__DEFINITION
}
::core::compile_error! {
    "`again` says nothing of what happens after a crash; write \"retry\" to work on the task again, or \"fail\""
}
