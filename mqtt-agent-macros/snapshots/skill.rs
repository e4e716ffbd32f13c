/// Summarizes a text.
#[allow(clippy::inline_always)]
#[inline(always)]
async fn summarize(task: Task, text: String) -> Result<Summary, Error> {
    look_at(task, text).await
}
#[doc(hidden)]
const fn __skill_attribute_on_summarize() -> &'static ::mqtt_agent::__private::SkillDef {
    static __DEFINITION: ::mqtt_agent::__private::SkillDef = {
        use ::mqtt_agent::__private::{AnyRoot as _, PlainReply as _};
        let __skill = ::mqtt_agent::__private::SkillDef::new(
            "summarize",
            "Summarizes a text.",
            &[
                ::mqtt_agent::__private::ArgDef::new(
                    "task",
                    "",
                    <Task as ::mqtt_agent::__private::Param<'_>>::NEED,
                ),
                ::mqtt_agent::__private::ArgDef::new(
                        "text",
                        "",
                        <String as ::mqtt_agent::__private::Param<'_>>::NEED,
                    )
                    .length(::mqtt_agent::__private::Bounds {
                        min: ::core::option::Option::Some(
                            ::mqtt_agent::__private::Bound::Int(1i64),
                        ),
                        max: ::core::option::Option::None,
                        max_excluded: false,
                    }),
            ],
            ::mqtt_agent::__private::schema(
                ::mqtt_agent::__private::ReplyOf::<Result<Summary, Error>>::PARTS,
                ::mqtt_agent::__private::Reply::DESCRIBED,
            ),
            ::mqtt_agent::__private::Handler::Async(|call| {
                let (
                    ::core::option::Option::Some(__argument_0),
                    ::core::option::Option::Some(__argument_1),
                ) = (
                    call
                        .take(
                            <Task as ::mqtt_agent::__private::Param<'_>>::take,
                            "task",
                        ),
                    call
                        .take(
                            <String as ::mqtt_agent::__private::Param<'_>>::take,
                            "text",
                        ),
                ) else {
                    return ::core::result::Result::Err(::mqtt_agent::__private::Refused);
                };
                ::core::result::Result::Ok(
                    ::mqtt_agent::__private::run(
                        summarize(__argument_0, __argument_1),
                        ::mqtt_agent::__private::ReplyOf::<
                            Result<Summary, Error>,
                        >::PARTS,
                        ::mqtt_agent::__private::Reply::into_answer,
                        ::mqtt_agent::__private::ToolError::into_failure,
                    ),
                )
            }),
            ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
        );
        ::mqtt_agent::__private::check_parameter(
            __skill.args(),
            0usize,
            true,
            ::mqtt_agent::__private::RootOf::<Task>::ROOT,
        );
        ::mqtt_agent::__private::check_parameter(
            __skill.args(),
            1usize,
            true,
            ::mqtt_agent::__private::RootOf::<String>::ROOT,
        );
        ::mqtt_agent::__private::check_narrowed(__skill.args(), 1usize);
        __skill
            .error_codes(
                &::mqtt_agent::__private::codes(
                    ::mqtt_agent::__private::ReplyOf::<Result<Summary, Error>>::PARTS,
                    ::mqtt_agent::__private::ToolError::codes_of,
                ),
            )
            .tags(&["text"])
            .output_modes(&["text/plain"])
            .timeout_ms(3600000u64)
            .on_crash(::mqtt_agent::__private::OnCrash::Retry)
            .attempts(5u32)
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredSkill(& __DEFINITION)
    }
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __skill_id_summarize_is_taken {
        () => {};
    }
    &__DEFINITION
}
