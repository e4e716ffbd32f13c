/// Summarizes a text.
fn summarize(text: String) {}
#[doc(hidden)]
const fn __put_skill_above_summarize_or_write_its_full_path() -> &'static ::mqtt_agent::__private::SkillDef {
    static __DEFINITION: ::mqtt_agent::__private::SkillDef = ::mqtt_agent::__private::SkillDef::BROKEN;
    &__DEFINITION
}
::core::compile_error! {
    "`again` says nothing of what happens after a crash; write \"retry\" to work on the task again, or \"fail\""
}
