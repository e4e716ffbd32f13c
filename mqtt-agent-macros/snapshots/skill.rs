/// Summarizes a text.
#[allow(clippy::inline_always)]
#[inline(always)]
async fn summarize(task: Task, text: String) -> Result<Summary, Error> {
    look_at(task, text).await
}
#[doc(hidden)]
const fn __put_skill_above_summarize_or_write_its_full_path() -> &'static ::mqtt_agent::__private::SkillDef {
    static __DEFINITION: ::mqtt_agent::__private::SkillDef = {
        use ::mqtt_agent::__private as __mqtt_agent;
        use __mqtt_agent::{AnyRoot as _, PlainReply as _};
        let __skill = ::mqtt_agent::__private::SkillDef::new(
            "summarize",
            "Summarizes a text.",
            &[
                __mqtt_agent::ArgDef::new(
                    "task",
                    "",
                    <Task as __mqtt_agent::Param<'_>>::NEED,
                ),
                __mqtt_agent::ArgDef::new(
                        "text",
                        "",
                        <String as __mqtt_agent::Param<'_>>::NEED,
                    )
                    .length(__mqtt_agent::Bounds {
                        min: ::core::option::Option::Some(
                            __mqtt_agent::Bound::Int(1i64),
                        ),
                        max: ::core::option::Option::None,
                        max_excluded: false,
                    }),
            ],
            __mqtt_agent::schema(
                __mqtt_agent::ReplyOf::<Result<Summary, Error>>::PARTS,
                __mqtt_agent::Reply::DESCRIBED,
            ),
            __mqtt_agent::Handler::Async({
                fn __handle<'__call, __Any>(
                    call: &mut __mqtt_agent::Call<'__call>,
                ) -> ::core::result::Result<
                    __mqtt_agent::ToolFuture<'__call>,
                    __mqtt_agent::Refused,
                > {
                    match call
                        .take_2(
                            <Task as __mqtt_agent::Param<'_>>::take,
                            "task",
                            <String as __mqtt_agent::Param<'_>>::take,
                            "text",
                        )
                    {
                        ::core::option::Option::Some((__argument_0, __argument_1)) => {
                            ::core::result::Result::Ok(
                                __mqtt_agent::run(
                                    summarize(__argument_0, __argument_1),
                                    __mqtt_agent::ReplyOf::<Result<Summary, Error>>::PARTS,
                                    __mqtt_agent::Reply::ANSWERED,
                                    __mqtt_agent::ToolError::into_failure,
                                ),
                            )
                        }
                        ::core::option::Option::None => {
                            ::core::result::Result::Err(__mqtt_agent::Refused)
                        }
                    }
                }
                __handle::<()>
            }),
            __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
        );
        __mqtt_agent::check_skill_parameter(
            __skill.args(),
            0usize,
            true,
            __mqtt_agent::RootOf::<Task>::ROOT,
        );
        __mqtt_agent::check_skill_parameter(
            __skill.args(),
            1usize,
            true,
            __mqtt_agent::RootOf::<String>::ROOT,
        );
        __mqtt_agent::check_narrowed(__skill.args(), 1usize);
        __skill
            .error_codes(
                &__mqtt_agent::codes(
                    __mqtt_agent::ReplyOf::<Result<Summary, Error>>::PARTS,
                    __mqtt_agent::ToolError::codes_of,
                ),
            )
            .tags(&["text"])
            .output_modes(&["text/plain"])
            .timeout_ms(3600000u64)
            .on_crash(::mqtt_agent::__private::OnCrash::Retry)
            .attempts(5u32)
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredSkill(& __DEFINITION,
        ::core::option_env!("CARGO_PKG_NAME"))
    }
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __skill_id_summarize_is_taken_write_another_one {
        () => {};
    }
    &__DEFINITION
}
